import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EngineMessage, LayerMessage, ValueMessage } from '../../optimizer/engine/messages.ts';
import { layerSum, throughput } from '../../optimizer/engine/profile/document.ts';
import { chromeTrace, profileCsv } from '../../optimizer/engine/profile/exports.ts';
import { isProfileFile, readProfileFile, writeProfileFile } from '../../optimizer/engine/profile/file.ts';
import { recordProfile } from '../../optimizer/engine/profile/record.ts';
import { profileFixture, readFixture } from '../support/profiles.ts';

const dir = mkdtempSync(join(tmpdir(), 'sinter-profile-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const fixed = (...dims: number[]) => dims.map((value) => ({ kind: 0, value }));
const value = (name: string, dims: ValueMessage['shape'], rest: Partial<ValueMessage>): ValueMessage => ({
  name,
  dtype: 1,
  shape: dims,
  layout: '',
  ...rest,
});
const layer = (name: string, op: string, inputs: number[], outputs: number[], rest = {}): LayerMessage => ({
  name,
  op,
  attrs: [],
  inputs,
  opInputs: inputs.length,
  outputs,
  device: 'cpu',
  tactic: `f32_${op}`,
  workspace: 0,
  workspaceOffset: 0,
  stream: 0,
  sources: [],
  ...rest,
});

/** x[N,4] · w → a, a to int8 → b, a and b read by a last layer; the first writes into the left half of a buffer. */
const header: EngineMessage = {
  format: 1,
  requiredFeatures: [],
  name: 'small',
  provenance: {
    producer: '',
    modelName: 'small.onnx',
    modelHash: 'h',
    device: 'cpu',
    deviceFeatures: [],
    optionsJson: '{"threads":1}',
  },
  symbols: ['N'],
  profiles: [{ ranges: [{ min: 1, opt: 2, max: 8 }] }],
  values: [
    value('x', [{ kind: 1, value: 0 }, ...fixed(4)], { external: true }),
    value('w', fixed(4, 6), { weight: 0 }),
    value('whole', [{ kind: 1, value: 0 }, ...fixed(12)], { arenaOffset: 0, maxBytes: 384 }),
    value('a', [{ kind: 1, value: 0 }, ...fixed(6)], {
      view: { of: 2, kind: 0, axis: 1, start: { kind: 0, value: 0 } },
    }),
    value('b', [{ kind: 1, value: 0 }, ...fixed(6)], { dtype: 3, layout: 'nhwc', arenaOffset: 384, maxBytes: 48 }),
    value('y', [{ kind: 1, value: 0 }, ...fixed(6)], { external: true }),
  ],
  inputs: [{ name: 'x', value: 0 }],
  outputs: [{ name: 'y', value: 5 }],
  layers: [
    layer('first', 'MatMul', [0, 1], [3], { sources: [0], workspace: 64, workspaceOffset: 448 }),
    layer('Reformat', 'Copy', [3], [4]),
    layer('last', 'Pointwise', [2, 4], [5], {
      sources: [1],
      stream: 1,
      program: { inputCount: 2, code: [{ op: 'Add', args: [0, 1], dtype: 1, params: [] }], outputs: [2] },
    }),
  ],
  weights: [
    { expr: { dtype: 1, shape: [4, 6] }, hash: '', recipe: 'panels', offset: 0, length: 128, layer: 0, input: 1 },
  ],
  memory: { arenaBytes: 512, lowerBound: 512, withoutReuse: 512 },
  sources: [
    { id: '0', op: 'MatMul', name: 'fc, "big"', fate: 'layer 0' },
    { id: '1', op: 'Add', name: '', fate: 'layer 2' },
  ],
  threads: 1,
};

const recorded = recordProfile({
  header,
  profile: {
    total: Float64Array.of(500, 100, 300, 200, 400),
    profile: 0,
    layers: [
      { layer: 0, samples: Float64Array.of(60, 50, 70), starts: Float64Array.of(0, 0, 0), facts: { registers: 64 } },
      { layer: 1, samples: Float64Array.of(10, 10, 40), starts: Float64Array.of(60, 50, 70) },
      { layer: 2, samples: Float64Array.of(30, 20, 90), starts: Float64Array.of(70, 60, 110) },
    ],
  },
  inputs: { x: { shape: [3, 4] } },
  device: { id: 'cpu', kind: 'cpu', name: 'Test', features: ['avx2'], cores: 2, notes: [] },
  ceilings: { threads: 1, flops: [{ dtype: 'float32', rate: 1e11 }], bandwidth: 1e10 },
  threads: 1,
  warmup: 1,
  producer: 'test',
  recorded: new Date('2026-01-02T03:04:05Z'),
});

describe('a recorded profile', () => {
  it('counts operations and bytes at the shapes that ran, constants as the kernel reads them', () => {
    const [first, reformat, last] = recorded.layers;
    expect([first!.flops, first!.bytes]).toEqual([2 * 3 * 6 * 4, 3 * 4 * 4 + 128 + 3 * 6 * 4]);
    expect([reformat!.flops, reformat!.bytes]).toEqual([0, 3 * 6 * 4 + 3 * 6]);
    expect(last!.flops).toBe(3 * 6);
    expect(recorded.engine.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: '3×4' }]);
  });

  it('knows who feeds whom through views, and which layers only change storage', () => {
    expect(recorded.layers.map((l) => l.inputs)).toEqual([[-1], [0], [0, 1]]);
    expect(recorded.layers.map((l) => l.conversion)).toEqual([null, { from: 'float32', to: 'int8 nhwc' }, null]);
  });

  it('places what is alive in the arena', () => {
    expect(recorded.memory.blocks).toEqual([
      { name: 'whole', kind: 'value', offset: 0, bytes: 384, from: 0, to: 2, layer: 0 },
      { name: 'workspace of first', kind: 'workspace', offset: 448, bytes: 64, from: 0, to: 0, layer: 0 },
      { name: 'b', kind: 'value', offset: 384, bytes: 48, from: 1, to: 2, layer: 1 },
    ]);
    expect(recorded.memory.peak).toEqual({ layer: 0, bytes: 448 });
  });

  it('sets the ceilings beside each layer: the slower of arithmetic and traffic', () => {
    // 144 operations at 100 a nanosecond take 1.4 ns; 248 bytes at 10 a nanosecond take 24.8 ns.
    expect(recorded.layers.map((l) => l.roof)).toEqual([24.8, 9, (3 * 12 * 4 + 3 * 6 + 3 * 6 * 4) / 10]);
  });

  it('gives nearest-rank percentiles and the run nearest to the median as the timeline', () => {
    expect(recorded.latency).toEqual({ mean: 300, median: 300, p90: 500, p95: 500, p99: 500, min: 100, max: 500 });
    expect(throughput(recorded)).toBeCloseTo(1e9 / 300);
    expect(recorded.timeline.map((t) => [t.start, t.duration])).toEqual([
      [0, 60],
      [60, 10],
      [70, 30],
    ]);
    expect(layerSum(recorded)).toBe(60 + 10 + 30);
    expect(recorded.layers.map((l) => l.facts)).toEqual([{ registers: 64 }, undefined, undefined]);
  });
});

describe('profile files', () => {
  it('come back as they were written', () => {
    const path = join(dir, 'a.sinterprofile');
    writeProfileFile(path, recorded);
    expect(isProfileFile(path)).toBe(true);
    expect(readProfileFile(path)).toEqual(recorded);
  });

  const broken = (text: string): string => {
    const path = join(dir, 'bad.sinterprofile');
    writeFileSync(path, text);
    return path;
  };
  it('are refused in one sentence when they are something else, newer, cut short or inconsistent', () => {
    const good = readFileSync(profileFixture('googlenet-fp32'), 'utf8');
    expect(() => readProfileFile(broken('{"a": 1}'))).toThrow('is not a profile written by Sinter');
    expect(() => readProfileFile(broken(good.slice(0, 4000)))).toThrow('it is no JSON document');
    expect(() => readProfileFile(broken(good.replace('"version": 1', '"version": 9')))).toThrow('version 9');
    expect(() => readProfileFile(broken(good.replace('"threads": 1', '"threads": "x"')))).toThrow('damaged: threads');
    // Numbers that no chart has room for.
    const endless = JSON.stringify({ ...recorded, ceilings: { threads: 1, flops: [], bandwidth: 1e308 } });
    expect(() => readProfileFile(broken(endless))).toThrow('damaged: ceilings');
    const far = JSON.stringify({ ...recorded, timeline: [{ layer: 77, start: 0, duration: 1 }] });
    expect(() => readProfileFile(broken(far))).toThrow('refers to layers that it does not hold');
    expect(isProfileFile(join(import.meta.dirname, '../../assets/models/tiny-resnet.onnx'))).toBe(false);
  });
});

describe('exports', () => {
  it('CSV has a quoted line per layer', () => {
    const lines = profileCsv(recorded).trimEnd().split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]!.split(',').slice(0, 3)).toEqual(['layer', 'name', 'op']);
    expect(lines[1]).toContain('"fc, ""big"""');
    expect(lines[2]).toContain('float32 → int8 nhwc');
  });

  it('the trace has a thread per stream and microseconds', () => {
    const { traceEvents } = JSON.parse(chromeTrace(recorded)) as {
      traceEvents: { ph: string; tid: number; ts?: number; dur?: number; name: string }[];
    };
    const events = traceEvents.filter((e) => e.ph === 'X');
    expect(events.map((e) => [e.name, e.tid, e.ts, e.dur])).toEqual([
      ['first', 1, 0, 0.06],
      ['Reformat', 1, 0.06, 0.01],
      ['last', 2, 0.07, 0.03],
    ]);
    expect(traceEvents.filter((e) => e.name === 'thread_name').map((e) => e.tid)).toEqual([1, 2]);
  });
});

describe('a profile of a real engine', () => {
  const d = readFixture('googlenet-int8');
  it('has no two values at one place at one time, and its arena is full at the peak', () => {
    const { blocks, arena } = d.memory;
    for (const [i, a] of blocks.entries())
      for (const b of blocks.slice(i + 1)) {
        const together =
          a.from <= b.to && b.from <= a.to && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
        expect(together, `${a.name} and ${b.name}`).toBe(false);
      }
    expect(Math.max(...blocks.map((b) => b.offset + b.bytes))).toBeLessThanOrEqual(arena);
  });
  it('accounts for every operator', () => {
    const computed = new Set(d.layers.flatMap((l) => l.sources));
    for (const s of d.sources) expect(computed.has(s.id) || s.fate !== '', s.id).toBe(true);
    expect(d.layers.filter((l) => l.conversion).length).toBeGreaterThan(0);
  });
});
