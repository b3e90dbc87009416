import type { EngineMessage } from '../messages.ts';
import type { MemoryBlock } from './document.ts';

/** The value whose storage a value finally lives in, following views. */
export function rootOf(values: EngineMessage['values'], value: number): number {
  let v = value;
  for (let view = values[v]?.view; view; view = values[v]?.view) v = view.of;
  return v;
}

/** What lies in the arena, where, and from which layer to which: values through all their views, and workspaces. */
export function memoryBlocks(header: EngineMessage): MemoryBlock[] {
  const { values, layers } = header;
  const life = new Map<number, { from: number; to: number; layer: number }>();
  layers.forEach((l, t) => {
    const touch = (v: number, writes: boolean): void => {
      if (v < 0) return;
      const root = rootOf(values, v);
      if (values[root]?.arenaOffset === undefined) return;
      const seen = life.get(root) ?? { from: t, to: t, layer: -1 };
      life.set(root, { from: seen.from, to: t, layer: seen.layer < 0 && writes ? t : seen.layer });
    };
    for (const v of l.inputs) touch(v, false);
    for (const v of l.outputs) touch(v, true);
  });
  const blocks = [...life].map(([v, { from, to, layer }]): MemoryBlock => {
    const { name, arenaOffset = 0, maxBytes = 0 } = values[v]!;
    return { name, kind: 'value', offset: arenaOffset, bytes: maxBytes, from, to, layer };
  });
  layers.forEach((l, t) => {
    if (l.workspace === 0) return;
    const name = `workspace of ${l.name}`;
    blocks.push({ name, kind: 'workspace', offset: l.workspaceOffset, bytes: l.workspace, from: t, to: t, layer: t });
  });
  return blocks.filter((b) => b.bytes > 0).sort((a, b) => a.from - b.from || a.offset - b.offset);
}

/** The layer at which most bytes are alive, and how many. */
export function memoryPeak(blocks: readonly MemoryBlock[], layers: number): { layer: number; bytes: number } {
  const live = new Float64Array(layers);
  for (const b of blocks) for (let t = b.from; t <= b.to && t < layers; t++) live[t]! += b.bytes;
  const layer = Math.max(0, live.indexOf(Math.max(...live)));
  return { layer, bytes: live[layer] ?? 0 };
}
