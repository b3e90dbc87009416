import { describe, expect, it } from 'vitest';
import { compareProfiles, comparisonText } from '../../cli/compareProfiles.ts';
import { alignProfiles } from '../../optimizer/engine/profile/compare/align.ts';
import { layerShareText, libraryShares, streamShares } from '../../optimizer/engine/profile/compare/shares.ts';
import { slowerGroups } from '../../optimizer/engine/profile/compare/slower.ts';
import { readFixture } from '../support/profiles.ts';

const [fp32, int8] = (['googlenet-fp32', 'googlenet-int8'] as const).map((name) => ({
  name,
  document: readFixture(name),
})) as [
  { name: string; document: ReturnType<typeof readFixture> },
  { name: string; document: ReturnType<typeof readFixture> },
];

describe('profiles side by side on the command line', () => {
  it('gives the reasons that the window gives, in the same words', () => {
    const opened = [fp32, int8].map(({ name, document }) => ({ ...document, id: name, title: name }));
    const inWindow = slowerGroups(opened, alignProfiles(opened).rows, 1);
    expect(inWindow.length).toBeGreaterThan(0);
    const [slower] = compareProfiles([fp32, int8]).slower;
    expect(slower!.groups.map((g) => g.causes)).toEqual(inWindow.map((g) => g.causes));
    const text = comparisonText([fp32, int8], 0);
    for (const g of inWindow) {
      expect(text).toContain(`Why ${g.row.name} takes`);
      for (const c of g.causes) expect(text).toContain(c.text);
    }
  });
  it('has a line for every group of operators, and as many as asked for', () => {
    const { groups } = compareProfiles([fp32, int8]);
    const whole = groups.reduce((n, g) => n + (g.times[1] ?? 0), 0);
    const layers = int8.document.layers.reduce((n, l) => n + l.median, 0);
    expect(whole).toBeCloseTo(layers, -1);
    expect(comparisonText([fp32, int8], 3)).toContain(`… and ${groups.length - 3} more`);
  });
  it('is quiet where nothing is slower', () => {
    const text = comparisonText([int8, int8], 0);
    expect(text).not.toContain('slower than');
  });
});

describe('shares of an engine', () => {
  const layer = (tactic: string, stream: number, median: number) => ({
    ...fp32.document.layers[0]!,
    tactic,
    stream,
    median,
  });
  it('of libraries and streams: their layers, time, and part of the whole', () => {
    const p = {
      layers: [
        layer('f16_conv2d__sm80_mma_64x64x64_s3', 0, 2000),
        layer('cublaslt:13.1.0:f16_matmul__a', 0, 1000),
        layer('cudnn:9.14.0:f16_conv2d__b', 1, 500),
        layer('cudnn:9.14.0:f16_conv2d__c', 1, 500),
        layer('cpu:f32_topk__scalar', 0, 1000),
      ],
    };
    expect(libraryShares(p).map((s) => `${s.title}: ${layerShareText(s)}`)).toEqual([
      "cuBLASLt 13.1.0: 1 layer, 1.00 µs, 20 % of the layers' time",
      "cuDNN 9.14.0: 2 layers, 1.00 µs, 20 % of the layers' time",
    ]);
    expect(streamShares(p).map((s) => [s.title, s.layers, s.time])).toEqual([
      ['main stream', 3, 4000],
      ['stream 1', 2, 1000],
    ]);
  });
  it('are not told of one stream, or without libraries', () => {
    const p = { layers: [layer('f32_conv2d__avx2_6x16', 0, 10)] };
    expect([...libraryShares(p), ...streamShares(p)]).toEqual([]);
  });
});
