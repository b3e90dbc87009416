import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addonPath } from '../../cli/runtime.ts';
import { createNativeRuntime } from '../../native/napi/runtime.ts';
import { type CalibrateOptions, type CalibrationProgress, calibrate } from '../../optimizer/builder/calibrate.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { encodeWeight } from '../../optimizer/builder/weights.ts';
import { entropy } from '../../optimizer/calibration/algorithms/entropy.ts';
import { minMax } from '../../optimizer/calibration/algorithms/minMax.ts';
import { readCalibrationFile } from '../../optimizer/calibration/cache/file.ts';
import { floatsOf } from '../../optimizer/calibration/data/convert.ts';
import { DataError, fingerprintOf, type SampleSource } from '../../optimizer/calibration/data/source.ts';
import { Histogram } from '../../optimizer/calibration/histogram.ts';
import { tensorNames } from '../../optimizer/calibration/names.ts';
import { PauseGate } from '../../optimizer/calibration/pauseGate.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import { tapsOf } from '../../optimizer/calibration/taps.ts';
import { encodeWeightExpr } from '../../optimizer/engine/schema.ts';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import { fromNumbers } from '../../optimizer/ir/tensor.ts';
import { literalWeight } from '../../optimizer/ir/weights.ts';
import type { Optimized } from '../../optimizer/passes/pass.ts';
import { ortSession, runOrt } from '../bench/ort.ts';
import { attr, node, value, writeModel } from '../importers/make.ts';
import { Build } from '../support/build.ts';
import { seeded } from '../support/tensor.ts';

const ROOT = join(import.meta.dirname, '../..');
const runtime = createNativeRuntime(addonPath());
const dir = mkdtempSync(join(tmpdir(), 'sinter-calibrate-test-'));
// Temporary engines go where the last test looks.
mkdirSync(join(dir, 'tmp'));
process.env.TMPDIR = join(dir, 'tmp');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function optimized(model: string): Promise<Optimized> {
  return optimizeModel(await openModel(join(ROOT, 'assets/models', `${model}.onnx`)), runtime);
}

/** Seeded random images; `broken` maps sample numbers to what is wrong with them. */
function images(
  length: number,
  shape: number[],
  broken: Record<number, 'unreadable' | 'NaN' | 'shape'> = {},
  input = 'data',
): SampleSource {
  return {
    description: `${length} random images`,
    length,
    labelled: false,
    fingerprint: fingerprintOf(length, shape),
    read: async (i) => {
      if (broken[i] === 'unreadable') throw new DataError(`image ${i} cannot be read`);
      const next = seeded(i + 1);
      const size = broken[i] === 'shape' ? [...shape.slice(0, -1), 7] : shape;
      const data = Float32Array.from({ length: size.reduce((a, b) => a * b, 1) }, () => next() * (1 + (i % 5)));
      if (broken[i] === 'NaN') data[3] = Number.NaN;
      return {
        id: `image ${i}`,
        inputs: { [input]: { dtype: 'float32', shape: size, bytes: new Uint8Array(data.buffer) } },
      };
    },
    close: async () => {},
  };
}

const SHAPE = [1, 3, 64, 64];
const options = (source: SampleSource, change: Partial<CalibrateOptions> = {}): CalibrateOptions => ({
  runtime,
  threads: 1,
  source,
  algorithm: entropy,
  ...change,
});

describe('calibrate', () => {
  it.each([
    'tiny-googlenet',
    'tiny-resnet',
  ])('%s: ranges are those of the values ONNX Runtime computes', async (name) => {
    const model = await optimized(name);
    const source = images(3, SHAPE);
    const { table, status } = await calibrate(model, options(source, { algorithm: minMax }));
    expect(status).toBe('complete');
    expect(table.samples).toBe(3);
    // The same optimized graph as ONNX, with every named value as an output.
    const graph = model.graph.clone();
    const taps = tapsOf(graph);
    const wanted = [...taps.names.keys()].filter((id) => !graph.inputs.includes(id));
    for (const id of wanted) graph.updateValue(id, { name: taps.names.get(id)! });
    graph.setOutputs(wanted);
    const path = join(dir, `${name}.onnx`);
    const files = graph.files.map((f) => f.path);
    await writeOnnx(graph, path, {
      evaluateWeight: (w) => runtime.evaluateWeight(encodeWeightExpr(encodeWeight(w)), files),
    });
    const session = await ortSession(path, 1);
    const expected = new Map<string, Histogram>([...taps.names.values()].map((n) => [n, new Histogram()]));
    for (let i = 0; i < source.length; i++) {
      const { inputs } = await source.read(i);
      const outputs = await runOrt(session, inputs);
      for (const [n, t] of Object.entries({ ...inputs, ...outputs })) expected.get(n)!.add(floatsOf(t));
    }
    expect(table.entries.map((e) => e.tensor).sort()).toEqual([...expected.keys()].sort());
    expect(table.entries.length).toBeGreaterThan(20);
    for (const e of table.entries) {
      const h = expected.get(e.tensor)!.snapshot();
      expect(e.count).toBe(h.count);
      expect(e.clipped).toBe(0);
      expect(Math.abs(e.amax / Math.max(-h.min, h.max) - 1)).toBeLessThan(1e-4);
      expect(e.max - h.max).toBeCloseTo(0, 3);
    }
  });

  it('gives a scale to every value that planSearch asks for', async () => {
    const model = await optimized('tiny-googlenet');
    const { table } = await calibrate(model, options(images(2, SHAPE)));
    const ranges = new Ranges(table);
    const names = tensorNames(model.graph);
    for (const node of model.graph.nodes())
      for (const v of node.outputs) expect(ranges.scale(names.get(v)!)).toBeGreaterThan(0);
    expect(ranges.entry('data')).toBeDefined();
  });

  it('is the same after a crash and resuming as uninterrupted', async () => {
    const model = await optimized('tiny-resnet');
    const source = images(8, SHAPE, { 2: 'unreadable' });
    const whole = await calibrate(model, options(source));
    const cache = join(dir, 'crash.calib');
    // Dies at the fourth sample, as kill -9 would: no clean-up of ours runs after the last checkpoint.
    const dying: SampleSource = {
      ...source,
      read: (i) => (i >= 4 ? Promise.reject(new Error('power cut')) : source.read(i)),
    };
    let checkpoint = '';
    const onProgress = (p: CalibrationProgress): void => {
      if (p.done === 4) checkpoint = readFileSync(cache, 'utf8');
    };
    await expect(calibrate(model, options(dying, { cache, checkpointSeconds: 0, onProgress }))).rejects.toThrow(
      'power cut',
    );
    writeFileSync(cache, checkpoint);
    expect(readCalibrationFile(cache).run).toMatchObject({ next: 2, seen: 2, total: 8 });
    const read: number[] = [];
    const counting: SampleSource = {
      ...source,
      read: (i) => {
        read.push(i);
        return source.read(i);
      },
    };
    const resumed = await calibrate(model, options(counting, { cache, resume: true }));
    expect(read).toEqual([2, 3, 4, 5, 6, 7]);
    expect(resumed.table).toEqual(whole.table);
    expect(readCalibrationFile(cache).table).toEqual(whole.table);
    expect(readCalibrationFile(cache).run).toMatchObject({ next: 8, seen: 7 });
    // Resuming what is complete reads nothing, and may use another algorithm.
    read.length = 0;
    const again = await calibrate(model, options(counting, { cache, resume: true, algorithm: minMax }));
    expect(read).toEqual([]);
    expect(again.table).toEqual((await calibrate(model, options(source, { algorithm: minMax }))).table);
  });

  it('refuses to resume with another model or other samples', async () => {
    const cache = join(dir, 'other.calib');
    const resnet = await optimized('tiny-resnet');
    await calibrate(resnet, options(images(1, SHAPE), { cache }));
    const resume = { cache, resume: true };
    await expect(calibrate(resnet, options(images(2, SHAPE), resume))).rejects.toThrow(/other samples/);
    const googlenet = await optimized('tiny-googlenet');
    await expect(calibrate(googlenet, options(images(1, SHAPE), resume))).rejects.toThrow(/another model/);
  });

  it('pauses, goes on, and cancels with what was seen kept', async () => {
    const model = await optimized('tiny-resnet');
    const cache = join(dir, 'cancel.calib');
    const gate = new PauseGate();
    const stop = new AbortController();
    const seen: number[] = [];
    const live: number[] = [];
    const onProgress = (p: CalibrationProgress): void => {
      seen.push(p.done);
      live.push(p.live(new Set(['data'])).entries[0]!.histogram!.count);
      if (p.done === 2) {
        gate.pause();
        setTimeout(() => {
          expect(seen).toEqual([1, 2]);
          gate.resume();
        }, 50);
      }
      if (p.done === 3) stop.abort();
    };
    const r = await calibrate(model, options(images(50, SHAPE), { cache, gate, stop: stop.signal, onProgress }));
    expect(r.status).toBe('cancelled');
    expect(seen).toEqual([1, 2, 3]);
    expect(live).toEqual([1, 2, 3].map((n) => n * 3 * 64 * 64));
    expect(readCalibrationFile(cache).run).toMatchObject({ next: 3, seen: 3, total: 50 });
    expect(r.table.samples).toBe(3);
  });

  it('says what is wrong with bad samples and goes on', async () => {
    const model = await optimized('tiny-resnet');
    const bad = images(5, SHAPE, { 0: 'unreadable', 1: 'NaN', 3: 'shape' });
    const { table, skipped } = await calibrate(model, options(bad));
    expect(table.samples).toBe(2);
    expect(skipped).toEqual([
      { sample: 0, message: 'image 0 cannot be read' },
      { sample: 1, message: 'image 1 holds NaN in input "data"' },
      { sample: 3, message: 'image 3 has the shape 1×3×64×7 for input "data", which is 1×3×64×64 here' },
    ]);
    const none = images(2, SHAPE, { 0: 'unreadable', 1: 'NaN' });
    await expect(calibrate(model, options(none))).rejects.toThrow(
      /none of the 2 random images can be used; the first: image 0 cannot be read/,
    );
  });

  it('says what runs inside a kept If, which is not observed', async () => {
    const branch = (op: string, y: string) =>
      attr.graph(y, { name: y, node: [node(op, ['x'], [y])], output: [value(y, [1, 4])] });
    const graph = {
      name: 'g',
      node: [
        node('If', ['c'], ['z'], [branch('Sin', 'then_branch'), branch('Cos', 'else_branch')]),
        node('Relu', ['z'], ['y']),
      ],
      input: [value('x', [1, 4]), { name: 'c', type: { tensorType: { elemType: 9, shape: { dim: [] } } } }],
      output: [value('y', [1, 4])],
    };
    const model = optimizeModel(await openModel(writeModel(dir, { graph })), runtime);
    const source = images(2, [1, 4], {}, 'x');
    const read: SampleSource['read'] = async (i) => {
      const { id, inputs } = await source.read(i);
      return { id, inputs: { ...inputs, c: { dtype: 'bool', shape: [], bytes: new Uint8Array([i]) } } };
    };
    const { table, warnings } = await calibrate(model, options({ ...source, read }));
    expect(warnings).toEqual(['The 2 operators inside If "If_z" are not observed and keep floating point.']);
    expect(table.entries.map((e) => e.tensor)).toEqual(['x', 'z', 'y']);
  });

  it('names tensors that become NaN', async () => {
    const b = new Build();
    const x = b.input('data', [1, 4]);
    const root = b.node('Sqrt', [x]);
    b.graph.updateValue(root, { name: 'root' });
    const y = b.node('MatMul', [
      root,
      b.graph.addWeight(literalWeight(fromNumbers('float32', [4, 1], [1, 1, 1, 1]))).id,
    ]);
    const graph = b.output(y, 'y').done();
    const nothing = { nodes: 0, launches: 0, flops: 0, bytes: 0 };
    const model: Optimized = { initial: graph, graph, trace: { before: nothing, passes: [], stale: [] } };
    const { table, warnings } = await calibrate(model, options(images(2, [1, 4])));
    expect(warnings[0]).toMatch(/^"root" holds NaN or infinite values, first at image 0/);
    expect(table.entries.find((e) => e.tensor === 'root')!.nan).toBeGreaterThan(0);
  });

  it('takes open sizes from the first sample, and several samples at once', async () => {
    const model = await optimized('dynamic-conv');
    const source = images(5, [1, 3, 24, 32], {}, 'image');
    const one = await calibrate(model, options(source));
    const three = await calibrate(model, options(source, { batch: 3 }));
    expect(three.table.samples).toBe(5);
    for (const [i, e] of three.table.entries.entries()) {
      expect(e.count).toBe(one.table.entries[i]!.count);
      expect(e.max).toBeCloseTo(one.table.entries[i]!.max, 4);
    }
  });

  it('leaves no temporary files', () => {
    expect(readdirSync(join(dir, 'tmp')).filter((f) => f.startsWith('sinter-'))).toEqual([]);
  });
});
