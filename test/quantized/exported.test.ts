import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { calibrate } from '../../optimizer/builder/calibrate.ts';
import { withQuantization } from '../../optimizer/builder/quantized.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { encodeWeight } from '../../optimizer/builder/weights.ts';
import { minMax } from '../../optimizer/calibration/algorithms/minMax.ts';
import type { SampleSource } from '../../optimizer/calibration/data/source.ts';
import { Ranges } from '../../optimizer/calibration/rangeTable.ts';
import { encodeWeightExpr } from '../../optimizer/engine/schema.ts';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import { importModel } from '../../optimizer/importers/index.ts';
import type { Optimized } from '../../optimizer/passes/pass.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { sample, scratch } from '../importers/make.ts';
import { testRuntime } from '../networks/check.ts';
import { checkQuantized, randomInputsOf } from './check.ts';

/* What `sinter optimize --qdq` writes: ONNX Runtime runs it, and reading it back gives the same numbers. */

const dir = scratch();
const runtime = testRuntime();
const COUNT = 16;
const SHAPES = { image: [COUNT, 1, 28, 28] };
let inputs: Record<string, Tensor>;

interface Prepared {
  readonly optimized: Optimized;
  readonly ranges: Ranges;
}

async function prepare(disabled: readonly string[]): Promise<Prepared> {
  const model = await openModel(sample('fashion-cnn'), { shapes: SHAPES });
  inputs = randomInputsOf(model.graph);
  const optimized = optimizeModel(model, runtime, { disabledPasses: new Set(disabled) });
  const { bytes } = inputs.image!;
  const size = bytes.length / COUNT;
  const source: SampleSource = {
    ...{ description: 'noise', length: COUNT, labelled: false, fingerprint: 'noise' },
    read: async (i) => ({
      id: String(i),
      inputs: { image: { dtype: 'float32', shape: [1, 1, 28, 28], bytes: bytes.slice(i * size, (i + 1) * size) } },
    }),
    close: async () => {},
  };
  const { table } = await calibrate(optimized, { runtime, threads: 2, source, algorithm: minMax });
  return { optimized, ranges: new Ranges(table) };
}

async function write(p: Prepared, activations: 'int8' | 'uint8', pins: readonly string[] = []): Promise<string> {
  const path = join(dir, `exported-${activations}-${pins.length}.onnx`);
  const graph = withQuantization(p.optimized.graph, p.ranges, { fp32: pins }, activations);
  const files = graph.files.map((f) => f.path);
  const evaluateWeight = (w: Parameters<typeof encodeWeight>[0]) =>
    runtime.evaluateWeight(encodeWeightExpr(encodeWeight(w)), files);
  await writeOnnx(graph, path, { evaluateWeight });
  return path;
}

describe('the quantized export', () => {
  let fused: Prepared;
  let plain: Prepared;
  beforeAll(async () => {
    fused = await prepare([]);
    plain = await prepare(['vertical-fusion']);
  }, 60_000);

  it.each([
    ['fused', 'int8'],
    ['fused', 'uint8'],
    ['plain', 'int8'],
    ['plain', 'uint8'],
  ] as const)('of the %s graph with %s activations gives the same numbers here and in ONNX Runtime', async (kind, activations) => {
    const path = await write(kind === 'fused' ? fused : plain, activations);
    const result = await checkQuantized(path, SHAPES, inputs);
    expect(result.withinStep).toBeGreaterThanOrEqual(0.999);
    const products = result.report.layers.filter((l) => /^(Conv|Gemm|MatMul)/.test(l.name));
    expect(products.length).toBeGreaterThanOrEqual(8);
    expect(products.every((l) => l.tactic.startsWith('s8_'))).toBe(true);
  });

  it('holds int8 weights per output channel and int32 biases', async () => {
    const { graph } = await importModel(await write(fused, 'int8'));
    const convs = graph.topological().filter((n) => n.op === 'Conv');
    expect(convs.length).toBeGreaterThanOrEqual(8);
    for (const conv of convs) {
      const [w, b] = conv.inputs.slice(1).map((v) => graph.producer(v!)!);
      const shape = graph.value(w!.inputs[0]!).type;
      expect(shape.dtype).toBe('int8');
      expect(graph.value(w!.inputs[1]!).type.shape).toEqual([shape.shape![0]]);
      expect(graph.value(b!.inputs[0]!).type.dtype).toBe('int32');
    }
  });

  it('leaves what is pinned in floating point', async () => {
    const conv = [...fused.optimized.initial.sources.values()].find((s) => s.op === 'Conv')!;
    const { graph } = await importModel(await write(fused, 'int8', [conv.name]));
    const first = graph.topological().find((n) => n.op === 'Conv')!;
    expect(graph.value(first.inputs[1]!).weight).toBeDefined();
    expect(() => withQuantization(fused.optimized.graph, fused.ranges, { fp32: ['nothing'] }, 'int8')).toThrow(
      'no operator',
    );
  });
});
