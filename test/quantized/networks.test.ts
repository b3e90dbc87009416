import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { searchPlan } from '../../optimizer/builder/build.ts';
import type { PrecisionPolicy } from '../../optimizer/builder/planSearch/storages.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { readNpy, writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { modelDir } from '../bench/models.ts';
import { sample, scratch } from '../importers/make.ts';
import { ROOT, testRuntime } from '../networks/check.ts';
import { type QuantizerOptions, quantizeModel } from '../support/quantizer.ts';
import { checkQuantized, randomInputsOf } from './check.ts';

/*
 * Quantized models as ONNX Runtime's quantizer writes them, in our engine and in ONNX Runtime on the same input: at least
 * 99.9 % of the outputs are within one quantization step, and the convolutions run on integers.
 */

const dir = scratch();

const FORMS: readonly QuantizerOptions[] = [
  { form: 'qdq', activations: 'uint8', weights: 'int8', perChannel: true },
  { form: 'qdq', activations: 'uint8', weights: 'int8', perChannel: true, opset: 21 },
  { form: 'qdq', activations: 'uint8', weights: 'uint8', perChannel: false },
  { form: 'qdq', activations: 'int8', weights: 'int8', perChannel: true },
  { form: 'qdq', activations: 'int8', weights: 'int8', perChannel: false, opset: 10 },
  { form: 'qlinear', activations: 'uint8', weights: 'int8', perChannel: true },
  { form: 'qlinear', activations: 'uint8', weights: 'uint8', perChannel: false },
  { form: 'qlinear', activations: 'int8', weights: 'int8', perChannel: true },
];

const QDQ = FORMS[0]!;
const QLINEAR = FORMS[5]!;

const titleOf = (o: QuantizerOptions): string =>
  `${o.form}, ${o.activations} activations, ${o.weights} weights${o.perChannel ? ' per channel' : ''}${o.opset ? `, opset ${o.opset}` : ''}`;

async function check(
  file: string,
  options: QuantizerOptions,
  shapes: Readonly<Record<string, readonly number[]>> = {},
): ReturnType<typeof checkQuantized> {
  const inputs = randomInputsOf((await openModel(file, { shapes })).graph);
  const quantized = join(dir, 'quantized.onnx');
  await quantizeModel(file, quantized, inputs, options);
  const result = await checkQuantized(quantized, shapes, inputs);
  const products = result.report.layers.filter((l) => /^(Conv|MatMul|Gemm)/.test(l.name));
  expect(products.length).toBeGreaterThan(0);
  expect(products.filter((l) => !l.tactic.startsWith('s8_')).map((l) => `${l.name} ${l.tactic}`)).toEqual([]);
  return result;
}

describe('the trained network', () => {
  it.each(FORMS.map((o) => [titleOf(o), o] as const))('%s', async (_title, options) => {
    const result = await check(sample('fashion-cnn'), options, { image: [64, 1, 28, 28] });
    expect(result.withinStep).toBeGreaterThanOrEqual(0.999);
  });
});

it.each(['avx2', 'avx512'])('the same numbers with %s instructions', async (isa) => {
  const shapes = { image: [8, 1, 28, 28] };
  const inputs = randomInputsOf((await openModel(sample('fashion-cnn'), { shapes })).graph);
  const quantized = join(dir, `${isa}.onnx`);
  await quantizeModel(sample('fashion-cnn'), quantized, inputs, QDQ);
  const file = join(dir, `${isa}.npy`);
  writeNpy(file, inputs.image!);
  const args = ['run', quantized, '--shape', 'image=8x1x28x28', '--input', `image=${file}`, '--output-dir'];
  const outputs = [isa, ''].map((set) => {
    const out = join(dir, `out-${isa}-${set}`);
    execFileSync(process.execPath, [join(ROOT, 'bin/sinter.mjs'), ...args, out], {
      ...{ stdio: 'pipe', env: { ...process.env, SINTER_ISA: set } },
    });
    return readNpy(join(out, 'logits.npy')).bytes;
  });
  expect(Buffer.compare(outputs[0]!, outputs[1]!)).toBe(0);
});

it('what calibration permits changes nothing that the model has quantized', async () => {
  const shapes = { image: [2, 1, 28, 28] };
  const inputs = randomInputsOf((await openModel(sample('fashion-cnn'), { shapes })).graph);
  const quantized = join(dir, 'binding.onnx');
  await quantizeModel(sample('fashion-cnn'), quantized, inputs, QDQ);
  const runtime = testRuntime();
  const optimized = optimizeModel(await openModel(quantized, { shapes }), runtime);
  const plan = async (precision?: PrecisionPolicy): Promise<string[]> => {
    const bind = new Map<string, number>();
    const stop = new AbortController().signal;
    const rest = { onProgress: undefined, tactics: undefined, rules: undefined, tuner: null, precision };
    const { plan: p } = await searchPlan(optimized, { runtime, device: 'cpu', threads: 1, bind, stop, ...rest });
    const scales = p.values.filter((v) => v.own === undefined && !v.weight && v.scale !== undefined);
    return scales.map((v) => `${v.name} ${v.dtype} ${v.scale} ${v.zeroPoint}`).sort();
  };
  const own = await plan();
  expect(own.length).toBeGreaterThanOrEqual(12);
  expect(await plan({ amax: () => 0.001, storages: () => ['int8'] })).toEqual(own);
  expect(await plan({ amax: () => undefined, storages: () => ['bfloat16'] })).toEqual(own);
});

const FULL = ['squeezenet', 'mobilenet_v2', 'inception_v1', 'resnet50'];
const pathOf = (name: string): string => join(modelDir(), `${name}.onnx`);

describe('networks at full size', () => {
  beforeAll(() => {
    if (FULL.every((n) => existsSync(pathOf(n)))) return;
    execFileSync(process.execPath, [join(ROOT, 'scripts/models.mjs'), '--only', FULL.join(',')], { stdio: 'pipe' });
  }, 300_000);

  it.each([
    ['squeezenet', QDQ],
    ['squeezenet', QLINEAR],
    ['mobilenet_v2', QDQ],
    ['mobilenet_v2', QLINEAR],
    ['inception_v1', QLINEAR],
    ['resnet50', QDQ],
  ] as const)(
    '%s, %o',
    async (name, options) => {
      const result = await check(pathOf(name), options);
      expect(result.withinStep).toBeGreaterThanOrEqual(0.999);
    },
    120_000,
  );
});
