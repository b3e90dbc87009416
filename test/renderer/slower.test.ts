import { describe, expect, it } from 'vitest';
import type { LayerTime, ProfileResult } from '../../electron/ipc/schemas/profile.ts';
import { alignProfiles } from '../../optimizer/engine/profile/compare/align.ts';
import { lostBy, type SlowerGroup, slowerGroups } from '../../optimizer/engine/profile/compare/slower.ts';
import { readFixture } from '../support/profiles.ts';

const opened = (name: 'googlenet-fp32' | 'googlenet-int8'): ProfileResult => ({
  ...readFixture(name),
  id: name,
  title: name,
  measuredOn: null,
  path: null,
});
const fp32 = opened('googlenet-fp32');

type Given = Partial<LayerTime> & { readonly median: number };

/** An engine of these layers, each reading the one before unless it says otherwise, on a device of known ceilings. */
function engine(id: string, layers: readonly Given[], more: Partial<ProfileResult> = {}): ProfileResult {
  const base = fp32.layers[0]!;
  const ceilings = {
    threads: 1,
    bandwidth: 10e9,
    flops: [
      { dtype: 'float32', rate: 100e9 },
      { dtype: 'int8', rate: 400e9 },
    ],
  };
  return {
    ...fp32,
    id,
    ceilings,
    layers: layers.map(
      (l, layer): LayerTime => ({
        ...base,
        layer,
        name: `layer ${layer}`,
        inputs: [layer - 1],
        sources: [],
        tactic: 'f32_conv2d__avx512_14x32',
        dtype: 'float32',
        flops: 1e6,
        bytes: 1000,
        roof: l.median / 2,
        conversion: null,
        ...l,
      }),
    ),
    sources: ['a', 'b', 'c'].map((s) => ({ id: s, op: 'Conv', name: s, fate: '' })),
    ...more,
  };
}
const copy = (from: string, to: string, median: number): Given => ({
  median,
  op: 'Copy',
  conversion: { from, to },
  dtype: '',
  flops: 0,
});
const why = (before: ProfileResult, after: ProfileResult): SlowerGroup[] => {
  const profiles = [before, after];
  return slowerGroups(profiles, alignProfiles(profiles).rows, 1);
};
const kinds = (groups: readonly SlowerGroup[]): Record<string, string[]> =>
  Object.fromEntries(groups.map((g) => [g.row.name, g.causes.map((c) => c.kind)]));
const int8 = { tactic: 's8_conv2d__vnni_14x32', dtype: 'int8' } as const;

describe('why a group is slower in fewer bits', () => {
  it('counts the reformats that a layer asks for, and those that take its output back', () => {
    const before = engine('1', [{ sources: ['a'], median: 100 }]);
    const after = engine('2', [
      copy('float32', 'int8', 40),
      { sources: ['a'], median: 50, ...int8 },
      copy('int8', 'float32', 30),
    ]);
    const [group] = why(before, after);
    expect(group).toMatchObject({ before: 100, after: 120 });
    expect(group!.causes).toHaveLength(1);
    expect(group!.causes[0]).toMatchObject({ kind: 'reformats', time: 70 });
    expect(group!.causes[0]!.text).toContain('2 reformats for it take 70 ns: float32 → int8, int8 → float32.');
  });

  it('says when no kernel in fewer bits was taken, and that its neighbours changed the one it has', () => {
    const before = engine('1', [
      { sources: ['a'], median: 100 },
      { sources: ['b'], median: 100 },
    ]);
    const after = engine('2', [
      { sources: ['a'], median: 30, ...int8 },
      { sources: ['b'], median: 150, tactic: 'f32_conv2d__avx512_6x16' },
    ]);
    const groups = why(before, after);
    expect(kinds(groups)).toEqual({ b: ['precision'] });
    expect(groups[0]!.causes[0]!.text).toBe(
      "No INT8 kernel was taken for it: it computes in FP32 as before, with f32_conv2d__avx512_6x16 instead of f32_conv2d__avx512_14x32 for its neighbours' layouts.",
    );
  });

  it('says when a layer computes in more bits than before, where fewer were asked for', () => {
    const f16 = { dtype: 'float16', tactic: 'f16_conv2d_stem__sm80_mma_8x8x64' };
    const before = engine('1', [
      { sources: ['a'], median: 100, ...f16 },
      { sources: ['b'], median: 100, ...f16, bytes: 1e6, flops: 10 },
    ]);
    const after = engine('2', [
      { sources: ['a'], median: 900, tactic: 'any_conv2d__cuda_nhwc' },
      { sources: ['b'], median: 150, tactic: 'any_maxpool__cuda', bytes: 2e6, flops: 10 },
      { sources: ['c'], median: 30, ...int8 },
    ]);
    const groups = why(before, after);
    expect(kinds(groups)).toEqual({ a: ['precision'], b: ['precision', 'memory'] });
    expect(groups[0]!.causes[0]!.text).toBe('No INT8 kernel was taken for it: it computes in FP32, before in FP16.');
    expect(groups[1]!.causes[1]!.text).toContain('moves more bytes than before (2.00 MB, before 1.00 MB)');
  });

  it('names a fusion that is lost', () => {
    const before = engine('1', [{ sources: ['a', 'b', 'c'], median: 100 }]);
    const after = engine('2', [
      { sources: ['a'], median: 60, name: 'Conv', ...int8 },
      { sources: ['b', 'c'], median: 70, name: 'Add + Relu' },
    ]);
    const [group] = why(before, after);
    expect(group!.causes.map((c) => c.kind)).toEqual(['fusion']);
    expect(group!.causes[0]!.text).toBe('2 kernels where one did it all: Conv, Add + Relu are not fused here.');
  });

  it("knows Winograd's algorithm, the scalar reference, and lesser instructions by the kernels' names", () => {
    const plain = (tactic: string, median: number, dtype = 'float32') =>
      engine('x', [{ sources: ['a'], median, tactic, dtype }]);
    expect(kinds(why(plain('f32_conv2d_winograd4__avx512', 100), plain('s8_conv2d__vnni_14x32', 120, 'int8')))).toEqual(
      { a: ['winograd'] },
    );
    expect(kinds(why(plain('f32_gelu__avx512', 100), plain('any_gelu__scalar', 900, 'int8')))).toEqual({
      a: ['instructions'],
    });
  });

  it('tells a device without fast INT8, a layer that waits for memory, and one with too little work', () => {
    const slow = {
      ceilings: { threads: 1, bandwidth: 1e12, flops: ['float32', 'int8'].map((dtype) => ({ dtype, rate: 1e11 })) },
    };
    const layer = (median: number, more: Partial<LayerTime> = {}): Given => ({ sources: ['a'], median, ...more });
    expect(kinds(why(engine('1', [layer(100)], slow), engine('2', [layer(120, int8)], slow)))).toEqual({
      a: ['arithmetic'],
    });
    const moved = { flops: 10, bytes: 1e6 };
    expect(kinds(why(engine('1', [layer(1e5, moved)]), engine('2', [layer(2e5, { ...moved, ...int8 })])))).toEqual({
      a: ['memory'],
    });
    const idle = (median: number) => ({ roof: median / 50 });
    expect(
      kinds(why(engine('1', [layer(100, idle(100))]), engine('2', [layer(130, { ...int8, ...idle(130) })]))),
    ).toEqual({
      a: ['small'],
    });
  });

  it('names layers that a GPU leaves to the CPU, and does not compare kernels of two devices', () => {
    const gpu = { device: { ...fp32.device, id: 'cuda:0', kind: 'cuda', name: 'GPU' } };
    const before = engine('1', [
      { sources: ['a'], median: 100 },
      { sources: ['b'], median: 100 },
    ]);
    const after = engine(
      '2',
      [
        { sources: ['a'], median: 500, tactic: 'cpu:any_det__scalar', name: 'Det' },
        { sources: ['b'], median: 130, tactic: 'any_relu__cuda' },
      ],
      gpu,
    );
    expect(kinds(why(before, after))).toEqual({ a: ['fallback'], b: ['device'] });
  });

  it('is silent about noise and about what got faster', () => {
    const before = engine('1', [
      { sources: ['a'], median: 100 },
      { sources: ['b'], median: 100 },
    ]);
    const after = engine('2', [
      { sources: ['a'], median: 103 },
      { sources: ['b'], median: 30, ...int8 },
    ]);
    expect(why(before, after)).toEqual([]);
    expect(slowerGroups([before, after], alignProfiles([before, after]).rows, 0)).toEqual([]);
  });

  it('explains every group of a real network that INT8 made slower, and adds up what is lost', () => {
    const groups = why(fp32, opened('googlenet-int8'));
    expect(groups.length).toBeGreaterThan(0);
    for (const g of groups) expect(g.causes.length).toBeGreaterThan(0);
    const total = groups.reduce((n, g) => n + g.after - g.before, 0);
    expect(lostBy(groups).reduce((n, k) => n + k.time, 0)).toBeCloseTo(total);
  });
});
