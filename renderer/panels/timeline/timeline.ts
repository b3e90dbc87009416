import type { Category } from '../../../electron/ipc/schemas/graph.ts';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { layerIds } from '../../../optimizer/engine/profile/compare/profile.ts';
import { layerTitle } from '../../profile/summary.ts';
import { bytesText, timeText } from '../../ui/format.ts';
import type { Box, Lane, SceneData } from '../../ui/scene/draw.ts';

/** Free space between lanes, in lanes. */
const GAP = 0.14;

/** Bytes alive while each layer runs. */
export function liveBytes(p: Pick<ProfileResult, 'layers' | 'memory'>): Float64Array {
  const live = new Float64Array(p.layers.length);
  for (const b of p.memory.blocks) for (let t = b.from; t <= b.to; t++) live[t]! += b.bytes;
  return live;
}

/**
 * One run over time: a lane per stream with its layers, below them two tracks on the same axis: how much of its ceiling
 * each layer reaches, and how many bytes are alive.
 */
export function timelineScene(
  p: ProfileResult,
  colour: (c: Category) => string,
  category: (layer: number) => Category,
  track: { readonly roof: string; readonly alive: string },
): SceneData {
  const streams = [...new Set(p.layers.map((l) => l.stream))].sort((a, b) => a - b);
  const lanes: Lane[] = streams.map((s, i) => ({
    y0: i,
    y1: i + 1,
    text: streams.length === 1 && p.device.kind === 'cpu' ? 'Layers' : s === 0 ? 'Main stream' : `Stream ${s}`,
  }));
  const live = liveBytes(p);
  const most = Math.max(1, ...live);
  const hasRoof = p.layers.some((l) => l.roof !== null);
  const roofLane = streams.length;
  const memoryLane = roofLane + (hasRoof ? 1 : 0);
  if (hasRoof) lanes.push({ y0: roofLane, y1: roofLane + 1, text: 'Of ceiling' });
  lanes.push({ y0: memoryLane, y1: memoryLane + 1, text: 'Alive' });
  const titles = p.layers.map((l) => layerTitle(p, l));
  const boxes: Box[] = [];
  for (const t of p.timeline) {
    const l = p.layers[t.layer]!;
    const ids = layerIds(p, l);
    const [x0, x1] = [t.start, t.start + t.duration];
    const lane = streams.indexOf(l.stream);
    const box = (kind: string, y0: number, y1: number, fill: string, text: string): Box => ({
      key: `${kind}${l.layer}`,
      x0,
      x1,
      y0,
      y1,
      fill,
      text,
      ids,
    });
    boxes.push(box('layer ', lane + GAP / 2, lane + 1 - GAP / 2, colour(category(l.layer)), titles[l.layer]!));
    if (hasRoof && l.roof !== null) {
      const share = Math.min(1, l.roof / Math.max(1, t.duration));
      boxes.push(box('roof ', roofLane + 1 - GAP / 2 - share * (1 - GAP), roofLane + 1 - GAP / 2, track.roof, ''));
    }
    const share = live[l.layer]! / most;
    boxes.push(box('alive ', memoryLane + 1 - GAP / 2 - share * (1 - GAP), memoryLane + 1 - GAP / 2, track.alive, ''));
  }
  const end = Math.max(1, ...p.timeline.map((t) => t.start + t.duration));
  return {
    boxes,
    x: { from: 0, to: end, text: timeText },
    y: { from: 0, to: lanes.length, text: bytesText },
    lanes,
  };
}

/** "layer 12" → 12 */
export const layerOfKey = (key: string): number => Number(key.slice(key.indexOf(' ') + 1));
