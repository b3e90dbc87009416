import type { Category } from '../../../electron/ipc/schemas/graph.ts';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { layerIds } from '../../../optimizer/engine/profile/compare/profile.ts';
import { layerTitle } from '../../profile/summary.ts';
import { bytesText } from '../../ui/format.ts';
import type { SceneData } from '../../ui/scene/draw.ts';

export type Block = ProfileResult['memory']['blocks'][number];

/** What is alive at the peak, largest first. */
export const culprits = (p: Pick<ProfileResult, 'memory'>): Block[] => {
  const { peak, blocks } = p.memory;
  return blocks.filter((b) => b.from <= peak.layer && peak.layer <= b.to).sort((a, b) => b.bytes - a.bytes);
};

/** The arena: addresses upwards, layers to the right; a value is a rectangle from its first write to its last read. */
export function memoryScene(
  p: ProfileResult,
  colour: (c: Category) => string,
  category: (layer: number) => Category,
  workspace: string,
): SceneData {
  const { blocks, arena, peak } = p.memory;
  return {
    boxes: blocks.map((b, i) => ({
      key: `block ${i}`,
      x0: b.from,
      x1: b.to + 1,
      y0: b.offset,
      y1: b.offset + b.bytes,
      fill: b.kind === 'workspace' ? workspace : colour(category(b.layer)),
      striped: b.kind === 'workspace',
      text: b.kind === 'workspace' || b.layer < 0 ? '' : layerTitle(p, p.layers[b.layer]!),
      ids: b.layer >= 0 ? layerIds(p, p.layers[b.layer]!) : [],
    })),
    x: { from: 0, to: Math.max(1, p.layers.length), text: (v) => `${v + 1}`, whole: true, title: 'Layer' },
    y: { from: 0, to: Math.max(1, arena) * 1.04, text: bytesText },
    marks: [
      { axis: 'y', at: arena, text: `arena ${bytesText(arena)}` },
      { axis: 'x', at: peak.layer + 0.5, text: `peak ${bytesText(peak.bytes)}` },
    ],
  };
}
