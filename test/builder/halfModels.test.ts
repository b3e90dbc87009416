import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { precisionPolicy } from '../../optimizer/builder/precision.ts';
import type { BuildReport } from '../../optimizer/builder/report.ts';
import { openModel, optimizeModel } from '../../optimizer/builder/session.ts';
import { numbersOf } from '../../optimizer/engine/summary.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { ortSession, runOrt } from '../bench/ort.ts';
import { attr, node, scratch, value, writeModel } from '../importers/make.ts';
import { testRuntime } from '../networks/check.ts';

/* Models that are float16 or bfloat16 themselves, and float32 models with what float16 cannot hold. */

const dir = scratch();
const runtime = testRuntime();
const FLOAT = 1;
const FLOAT16 = 10;
const BFLOAT16 = 16;

const numbers = (n: number, seed: number, scale = 0.5): number[] =>
  Array.from({ length: n }, (_, i) => scale * Math.sin(i * 12.9898 + seed * 7.1));

/** Numbers that all three types represent exactly: eighths. */
const eighths = (values: readonly number[]): number[] => values.map((x) => Math.round(x * 8) / 8);

function half(x: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, x);
  const bits = view.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  return x === 0 ? sign : sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

/** Exactly representable numbers as bytes of an ONNX element type. */
function bytesOf(type: number, values: readonly number[]): Uint8Array {
  const floats = Float32Array.from(values);
  if (type === FLOAT) return new Uint8Array(floats.buffer);
  if (type === FLOAT16) return new Uint8Array(Uint16Array.from(values, half).buffer);
  return new Uint8Array(Uint16Array.from(new Uint32Array(floats.buffer), (b) => b >>> 16).buffer);
}
const tensor = (name: string, dims: readonly number[], type: number, values: readonly number[]): object => ({
  name,
  dims,
  dataType: type,
  rawData: bytesOf(type, values),
});

/** Conv, Relu, a residual sum, pooling, a fully-connected layer and Softmax, all of one type. */
function network(type: number): string {
  const conv = [attr.ints('kernel_shape', [3, 3]), attr.ints('pads', [1, 1, 1, 1])];
  return writeModel(dir, {
    opset: 17,
    graph: {
      name: 'net',
      input: [value('x', [1, 8, 12, 12], type)],
      output: [value('y', [1, 1000], type)],
      initializer: [
        tensor('w1', [16, 8, 3, 3], type, eighths(numbers(16 * 72, 1))),
        tensor('b1', [16], type, eighths(numbers(16, 2))),
        tensor('w2', [16, 16, 3, 3], type, eighths(numbers(16 * 144, 3))),
        tensor('w3', [1000, 16], type, eighths(numbers(16_000, 4))),
        tensor('b3', [1000], type, eighths(numbers(1000, 5))),
      ],
      node: [
        node('Conv', ['x', 'w1', 'b1'], ['a'], conv),
        node('Relu', ['a'], ['b']),
        node('Conv', ['b', 'w2'], ['c'], conv),
        node('Add', ['b', 'c'], ['d']),
        node('Sigmoid', ['d'], ['e']),
        node('GlobalAveragePool', ['e'], ['f']),
        node('Flatten', ['f'], ['g']),
        node('Gemm', ['g', 'w3', 'b3'], ['h'], [attr.int('transB', 1)]),
        node('Softmax', ['h'], ['y']),
      ],
    },
  });
}

const input = eighths(numbers(8 * 144, 9, 1));
const names = { [FLOAT]: 'float32', [FLOAT16]: 'float16', [BFLOAT16]: 'bfloat16' } as const;
const inputOf = (type: keyof typeof names): Tensor => ({
  dtype: names[type],
  shape: [1, 8, 12, 12],
  bytes: bytesOf(type, input),
});

async function run(path: string, x: Tensor): Promise<{ y: ArrayLike<number>; report: BuildReport }> {
  const engineFile = join(dir, 'engine.sinter');
  const optimized = optimizeModel(await openModel(path), runtime);
  const report = await buildEngine(optimized, { runtime, threads: 1, path: engineFile });
  const engine = await runtime.loadEngine(engineFile);
  const context = engine.createContext({ threads: 1 });
  const { y } = await context.run({ x });
  context.dispose();
  engine.dispose();
  return { y: numbersOf(y!), report };
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)));

describe('models of 16 bits', () => {
  it.each([
    FLOAT16,
    BFLOAT16,
  ] as const)('element type %i runs on vectorized kernels and agrees with float32', async (t) => {
    const want = await run(network(FLOAT), inputOf(FLOAT));
    const got = await run(network(t), inputOf(t));
    expect(largestDifference(got.y, want.y)).toBeLessThan(
      (t === FLOAT16 ? 1e-2 : 8e-2) * Math.max(...Array.from(want.y)),
    );
    const slow = got.report.layers.filter((l) => l.tactic.endsWith('__scalar') && !/^(Copy|Reshape)$/.test(l.op));
    expect(slow.map((l) => l.tactic)).toEqual([]);
  });

  it('float16 agrees with ONNX Runtime', async () => {
    const path = network(FLOAT16);
    const session = await ortSession(path, 1);
    const want = await runOrt(session, { x: inputOf(FLOAT16) });
    await session.release();
    const got = await run(path, inputOf(FLOAT16));
    const y = numbersOf(want.y!);
    expect(largestDifference(got.y, y)).toBeLessThan(1e-2 * Math.max(...Array.from(y)));
  });
});

describe('overflow of float16', () => {
  it('names weights beyond 65504, and keeps them in float32', async () => {
    const path = writeModel(dir, {
      graph: {
        name: 'big',
        input: [value('x', [1, 4096])],
        output: [value('y', [1, 4096])],
        initializer: [
          tensor('fine', [4096, 4], FLOAT, numbers(4 * 4096, 1)),
          tensor('big', [4, 4096], FLOAT, [70000, ...numbers(4 * 4096 - 1, 2)]),
        ],
        node: [node('MatMul', ['x', 'fine'], ['a']), node('MatMul', ['a', 'big'], ['y'])],
      },
    });
    const optimized = optimizeModel(await openModel(path), runtime);
    const report = await buildEngine(optimized, {
      runtime,
      threads: 1,
      path: join(dir, 'big.sinter'),
      precision: precisionPolicy(optimized.graph, null, { fp16: ['MatMul_a', 'MatMul_y'] }),
    });
    expect(report.overflows).toEqual([{ kind: 'weight', tensor: 'big', layer: 'MatMul', magnitude: 70000 }]);
    expect(report.layers.filter((l) => l.op === 'MatMul').map((l) => l.stored)).toEqual(['float16', '']);
  });
});
