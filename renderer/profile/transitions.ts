import type { LayerTime } from '../../electron/ipc/schemas/profile.ts';

/** All reformats of one kind: what storing a value differently costs in an engine. */
export interface Transition {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly median: number;
  readonly bytes: number;
}

/** Reformats by kind, dearest first. */
export function transitions(layers: readonly LayerTime[]): Transition[] {
  const kinds = new Map<string, Transition>();
  for (const l of layers) {
    if (!l.conversion) continue;
    const { from, to } = l.conversion;
    const key = `${from}→${to}`;
    const t = kinds.get(key) ?? { from, to, count: 0, median: 0, bytes: 0 };
    kinds.set(key, { ...t, count: t.count + 1, median: t.median + l.median, bytes: t.bytes + l.bytes });
  }
  return [...kinds.values()].sort((a, b) => b.median - a.median);
}

/** Layers that read what layer `of` writes. */
export const readersOf = (layers: readonly LayerTime[], of: number): LayerTime[] =>
  layers.filter((l) => l.inputs.includes(of));
