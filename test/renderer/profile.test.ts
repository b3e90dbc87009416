import { describe, expect, it } from 'vitest';
import type { LayerTime, ProfileResult } from '../../electron/ipc/schemas/profile.ts';
import { alignProfiles } from '../../optimizer/engine/profile/compare/align.ts';
import { layerIds } from '../../optimizer/engine/profile/compare/profile.ts';
import { culprits, memoryScene } from '../../renderer/panels/memory/scene.ts';
import { roofline } from '../../renderer/panels/roofline/scale.ts';
import { layerOfKey, timelineScene } from '../../renderer/panels/timeline/timeline.ts';
import { layerSum, precisionText, roofShare } from '../../renderer/profile/summary.ts';
import { transitions } from '../../renderer/profile/transitions.ts';
import { boxAt, type Frame, rectOf } from '../../renderer/ui/scene/draw.ts';
import { decades, ticks } from '../../renderer/ui/ticks.ts';
import { readFixture } from '../support/profiles.ts';

const opened = (name: 'googlenet-fp32' | 'googlenet-int8', id: string): ProfileResult => ({
  ...readFixture(name),
  id,
  title: name,
  measuredOn: null,
  path: null,
});
const fp32 = opened('googlenet-fp32', 'p1');
const int8 = opened('googlenet-int8', 'p2');

/** A profile of layers over operators "0", "1", …: each a list of operators and a median. */
function made(
  id: string,
  layers: readonly (readonly [sources: string[], median: number])[],
  hash = 'h',
): ProfileResult {
  const base = fp32.layers[0]!;
  return {
    ...fp32,
    id,
    engine: { ...fp32.engine, modelHash: hash },
    layers: layers.map(
      ([sources, median], layer): LayerTime => ({ ...base, layer, sources, median, name: `layer ${layer}` }),
    ),
    sources: ['0', '1', '2', '3'].map((s) => ({ id: s, op: 'Op', name: `op ${s}`, fate: '' })),
  };
}

describe('profiles side by side', () => {
  it('make one group of operators that any engine serves with one kernel, and never split its time', () => {
    const a = made('a', [
      [['0', '1'], 30],
      [['2'], 10],
      [['3'], 5],
    ]);
    const b = made('b', [
      [['0'], 7],
      [['1', '2'], 8],
      [['3'], 4],
    ]);
    const { rows, byName } = alignProfiles([a, b]);
    expect(byName).toBe(false);
    expect(rows.map((r) => [r.operators, r.cells.map((c) => [c?.layers.length, c?.median])])).toEqual([
      [
        3,
        [
          [2, 40],
          [2, 15],
        ],
      ],
      [
        1,
        [
          [1, 5],
          [1, 4],
        ],
      ],
    ]);
  });

  it('leave a cell empty where an engine runs nothing, and gather what belongs to no operator', () => {
    const a = made('a', [
      [['0'], 1],
      [[], 2],
    ]);
    const b = made('b', [[['1'], 3]]);
    const { rows } = alignProfiles([a, b]);
    expect(rows.map((r) => [r.name, r.cells.map((c) => c?.median ?? null)])).toEqual([
      ['op 0', [1, null]],
      ['Reformats and copies', [2, null]],
      ['op 1', [null, 3]],
    ]);
  });

  it('match operators of different model files by kind and name', () => {
    const a = made('a', [[['0'], 1]]);
    const other = made('b', [[['9'], 2]], 'another');
    const b = { ...other, sources: [{ id: '9', op: 'Op', name: 'op 0', fate: '' }] };
    const { rows, byName } = alignProfiles([a, b]);
    expect(byName).toBe(true);
    expect(rows).toHaveLength(1);
    expect(rows[0]!.cells.map((c) => c?.median)).toEqual([1, 2]);
    expect(rows[0]!.ids).toEqual([['0'], ['9']]);
  });

  it('account for every layer of real engines once', () => {
    const { rows } = alignProfiles([fp32, int8]);
    [fp32, int8].forEach((p, at) => {
      const layers = rows.flatMap((r) => r.cells[at]?.layers ?? []);
      expect(layers.map((l) => l.layer).sort((a, b) => a - b)).toEqual(p.layers.map((l) => l.layer));
      expect(rows.reduce((s, r) => s + (r.cells[at]?.median ?? 0), 0)).toBeCloseTo(layerSum(p), 3);
    });
    const seen = rows.flatMap((r) => [...new Set(r.ids.flat().filter((id) => !id.includes('/')))]);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('what a profile says', () => {
  it('names the precision by where the arithmetic is', () => {
    expect([precisionText(fp32), precisionText(int8)]).toEqual(['FP32', 'INT8']);
  });

  it('sums reformats by kind', () => {
    const list = transitions(int8.layers);
    expect(transitions(fp32.layers).reduce((n, t) => n + t.count, 0)).toBe(
      fp32.layers.filter((l) => l.conversion).length,
    );
    expect(list.length).toBeGreaterThan(0);
    expect(list.map((t) => t.median)).toEqual(list.map((t) => t.median).toSorted((a, b) => b - a));
    expect(list.reduce((n, t) => n + t.count, 0)).toBe(int8.layers.filter((l) => l.conversion).length);
  });

  it('gives layers without operators an identity of their own', () => {
    const reformat = int8.layers.find((l) => l.sources.length === 0)!;
    expect(layerIds(int8, reformat)).toEqual([`p2/layer:${reformat.layer}`]);
    expect(layerIds(fp32, reformat)).not.toEqual(layerIds(int8, reformat));
  });
});

describe('the roofline', () => {
  const r = roofline(int8);
  it('holds every layer that computes, and the roofs of the types in use', () => {
    expect(r.points).toHaveLength(int8.layers.filter((l) => l.flops > 0).length);
    expect(r.roofs.map((x) => x.text.split(' ')[0])).toEqual(['INT8', 'FP32']);
    for (const p of r.points) {
      expect(p.intensity).toBeGreaterThan(r.x[0]);
      expect(p.rate).toBeLessThan(r.y[1]);
    }
  });
  it('puts a layer below its roof exactly when it takes longer than the ceilings allow', () => {
    for (const p of r.points) {
      const flat = r.roofs.find((x) => x.text.startsWith(p.layer.dtype === 'int8' ? 'INT8' : 'FP32'))!.rate;
      const roof = Math.min(flat, p.intensity * r.bandwidth);
      expect(p.rate / roof).toBeCloseTo(roofShare(p.layer)!, 2);
    }
  });
});

describe('the timeline', () => {
  const colour = () => '#000000';
  const track = { roof: '#111111', alive: '#222222' };
  it('has a lane per stream and the tracks below', () => {
    const two = { ...fp32, layers: fp32.layers.map((l) => ({ ...l, stream: l.layer % 2 })) };
    const scene = timelineScene(two, colour, () => 'other', track);
    expect(scene.lanes!.map((l) => l.text)).toEqual(['Main stream', 'Stream 1', 'Of ceiling', 'Alive']);
    for (const b of scene.boxes.filter((x) => x.key.startsWith('layer '))) {
      const lane = layerOfKey(b.key) % 2;
      expect(b.y0).toBeGreaterThan(lane);
      expect(b.y1).toBeLessThan(lane + 1);
    }
  });
  it('keeps to the order and the times of the recorded run', () => {
    const scene = timelineScene(fp32, colour, () => 'other', track);
    const layers = scene.boxes.filter((b) => b.key.startsWith('layer '));
    expect(layers.map((b) => layerOfKey(b.key))).toEqual(fp32.timeline.map((t) => t.layer));
    layers.forEach((b, i) => expect(b.x1 - b.x0).toBeCloseTo(fp32.timeline[i]!.duration, 3));
  });
});

describe('the memory plan', () => {
  it('draws every block, and finds under a point the block that is there', () => {
    const data = memoryScene(
      int8,
      () => '#000000',
      () => 'other',
      '#cccccc',
    );
    expect(data.boxes).toHaveLength(int8.memory.blocks.length);
    const frame: Frame = { left: 80, top: 20, width: 4000, height: 3000, from: data.x.from, to: data.x.to };
    for (const b of data.boxes) {
      const rect = rectOf(frame, data, b);
      if (rect.w < 4 || rect.h < 4) continue;
      expect(boxAt(frame, data, rect.x + rect.w / 2, rect.y + rect.h / 2)!.key).toBe(b.key);
    }
    expect(boxAt(frame, data, 4070, 25)).toBeNull();
  });
  it('names who is alive at the peak, and together they are the peak', () => {
    const list = culprits(int8);
    expect(list.reduce((n, b) => n + b.bytes, 0)).toBe(int8.memory.peak.bytes);
    expect(list[0]!.bytes).toBeGreaterThanOrEqual(list.at(-1)!.bytes);
  });
});

it('ticks are round and inside the axis', () => {
  expect(ticks(0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(ticks(0.3, 2.9, 10, true)).toEqual([1, 2]);
  expect(ticks(5, 5, 3)).toEqual([5]);
  // A step that is too small to change the number ends all the same.
  expect(ticks(1e21, 1e21 + 2e5, 4).length).toBeLessThanOrEqual(5);
  expect(decades(0, 10)).toEqual([]);
  expect(decades(1, Number.POSITIVE_INFINITY)).toEqual([]);
  expect(decades(3, 2000)).toEqual([1, 10, 100, 1000, 10000]);
});
