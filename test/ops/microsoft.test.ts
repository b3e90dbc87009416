import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import { importModel } from '../../optimizer/importers/index.ts';
import { attr, floats, ints, node, scratch, value, writeModel } from '../importers/make.ts';

/* Fused operators of ONNX Runtime's own domain are written as standard ones; ONNX Runtime runs both forms. */

const dir = scratch();
const MS = 'com.microsoft';
const numbers = (n: number, seed: number): number[] =>
  Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + seed) * 1.5);

interface Case {
  readonly name: string;
  readonly node: object;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly constants?: Readonly<Record<string, readonly number[]>>;
  /** int32 scalars that are constants. */
  readonly axes?: Readonly<Record<string, number>>;
  /** Whole numbers, with their dimensions: int32 inputs, int64 constants. */
  readonly indices?: Readonly<Record<string, { dims: readonly number[]; values: readonly number[] }>>;
  readonly wholes?: Readonly<Record<string, { dims: readonly number[]; values: readonly number[] }>>;
  readonly ops: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: 'FusedConv with a sum and Relu',
    node: node(
      'FusedConv',
      ['x', 'w', 'b', 'z'],
      ['y'],
      [attr.string('activation', 'Relu'), attr.ints('kernel_shape', [3, 3]), attr.ints('pads', [1, 1, 1, 1])],
      MS,
    ),
    inputs: { x: [1, 2, 5, 5], z: [1, 3, 5, 5] },
    constants: { w: [3, 2, 3, 3], b: [3] },
    ops: ['Conv', 'Add', 'Relu'],
  },
  {
    name: 'FusedConv with LeakyRelu',
    node: node(
      'FusedConv',
      ['x', 'w'],
      ['y'],
      [attr.string('activation', 'LeakyRelu'), attr.floats('activation_params', [0.2])],
      MS,
    ),
    inputs: { x: [1, 2, 5, 5] },
    constants: { w: [3, 2, 3, 3] },
    ops: ['Conv', 'LeakyRelu'],
  },
  {
    name: 'FusedGemm',
    node: node('FusedGemm', ['x', 'w', 'b'], ['y'], [attr.string('activation', 'Sigmoid'), attr.int('transB', 1)], MS),
    inputs: { x: [2, 4] },
    constants: { w: [3, 4], b: [3] },
    ops: ['Gemm', 'Sigmoid'],
  },
  {
    name: 'FusedMatMul',
    node: node('FusedMatMul', ['x', 'w'], ['y'], [attr.float('alpha', 0.5), attr.int('transB', 1)], MS),
    inputs: { x: [2, 3, 4] },
    constants: { w: [2, 5, 4] },
    ops: ['Transpose', 'MatMul', 'Mul'],
  },
  { name: 'Gelu', node: node('Gelu', ['x'], ['y'], [], MS), inputs: { x: [2, 8] }, ops: ['Gelu'] },
  {
    name: 'BiasGelu',
    node: node('BiasGelu', ['x', 'b'], ['y'], [], MS),
    inputs: { x: [2, 8] },
    constants: { b: [8] },
    ops: ['Add', 'Gelu'],
  },
  {
    name: 'FastGelu',
    node: node('FastGelu', ['x', 'b'], ['y'], [], MS),
    inputs: { x: [2, 8] },
    constants: { b: [8] },
    ops: ['Add', 'Gelu'],
  },
  {
    name: 'QuickGelu',
    node: node('QuickGelu', ['x'], ['y'], [attr.float('alpha', 1.5)], MS),
    inputs: { x: [2, 8] },
    ops: ['Mul', 'Sigmoid', 'Mul'],
  },
  {
    name: 'SkipLayerNormalization',
    node: node('SkipLayerNormalization', ['x', 'z', 'g', 'h', 'b'], ['y'], [attr.float('epsilon', 1e-5)], MS),
    inputs: { x: [1, 2, 8], z: [1, 2, 8] },
    constants: { g: [8], h: [8], b: [8] },
    ops: ['Add', 'Add', 'LayerNormalization'],
  },
  {
    name: 'ExpandDims',
    node: node('ExpandDims', ['x', 'a'], ['y'], [], MS),
    inputs: { x: [2, 3] },
    axes: { a: -1 },
    ops: ['Cast', 'Reshape', 'Unsqueeze'],
  },
  {
    name: 'Trilu',
    node: node('Trilu', ['x', 'a'], ['y'], [attr.int('upper', 0)], MS),
    inputs: { x: [2, 4, 4] },
    wholes: { a: { dims: [], values: [1] } },
    ops: ['Trilu'],
  },
  {
    name: 'GatherND',
    node: node('GatherND', ['x', 'i'], ['y'], [], MS),
    inputs: { x: [3, 4] },
    wholes: { i: { dims: [2, 2], values: [2, 1, 0, 3] } },
    ops: ['GatherND'],
  },
  {
    name: 'GridSample',
    node: node(
      'GridSample',
      ['x', 'g'],
      ['y'],
      [attr.int('align_corners', 1), attr.string('padding_mode', 'border')],
      MS,
    ),
    inputs: { x: [1, 2, 4, 5], g: [1, 3, 3, 2] },
    ops: ['GridSample'],
  },
  {
    name: 'Pad',
    node: node('Pad', ['x', 'p'], ['y'], [attr.string('mode', 'reflect')], MS),
    inputs: { x: [2, 4] },
    wholes: { p: { dims: [4], values: [0, 2, 0, 1] } },
    ops: ['Pad'],
  },
  {
    name: 'CDist',
    node: node('CDist', ['x', 'z'], ['y'], [attr.string('metric', 'euclidean')], MS),
    inputs: { x: [3, 4], z: [5, 4] },
    ops: ['Unsqueeze', 'Unsqueeze', 'Sub', 'ReduceL2'],
  },
  {
    name: 'SimplifiedLayerNormalization',
    node: node('SimplifiedLayerNormalization', ['x', 'g'], ['y'], [attr.float('epsilon', 1e-6)]),
    inputs: { x: [2, 3, 8] },
    constants: { g: [8] },
    ops: ['Mul', 'ReduceMean', 'Add', 'Sqrt', 'Div', 'Mul'],
  },
  {
    name: 'SkipSimplifiedLayerNormalization',
    node: node('SkipSimplifiedLayerNormalization', ['x', 'z', 'g', 'b'], ['y'], [attr.float('epsilon', 1e-6)], MS),
    inputs: { x: [1, 2, 8], z: [1, 2, 8] },
    constants: { g: [8], b: [8] },
    ops: ['Add', 'Add', 'Mul', 'ReduceMean', 'Add', 'Sqrt', 'Div', 'Mul'],
  },
  {
    name: 'EmbedLayerNormalization',
    node: node('EmbedLayerNormalization', ['i', 's', 'w', 'p', 't', 'g', 'b'], ['y', 'n'], [], MS),
    inputs: {},
    indices: { i: { dims: [2, 3], values: [1, 4, 0, 5, 2, 2] }, s: { dims: [2, 3], values: [0, 1, 1, 0, 0, 1] } },
    constants: { w: [6, 8], p: [4, 8], t: [2, 8], g: [8], b: [8] },
    ops: [
      'Shape',
      'Gather',
      'Reshape',
      'Slice',
      'Gather',
      'Add',
      'Gather',
      'Add',
      'LayerNormalization',
      'Slice',
      'Expand',
    ],
  },
  {
    name: 'Attention with a mask',
    node: node('Attention', ['x', 'w', 'b', 'm'], ['y'], [attr.int('num_heads', 2)], MS),
    inputs: { x: [2, 3, 8] },
    indices: { m: { dims: [2, 3], values: [1, 1, 0, 1, 1, 1] } },
    constants: { w: [8, 24], b: [24] },
    ops: [],
  },
];

describe("operators of ONNX Runtime's domain", () => {
  it.each(cases)('$name', async (c) => {
    const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
    const path = writeModel(dir, {
      domains: { [MS]: 1 },
      graph: {
        name: 'g',
        node: [c.node],
        initializer: [
          ...Object.entries(c.constants ?? {}).map(([n, dims], i) => floats(n, dims, numbers(size(dims), i + 9))),
          ...Object.entries(c.axes ?? {}).map(([name, v]) => ({ name, dims: [], dataType: 6, int32Data: [v] })),
          ...Object.entries(c.wholes ?? {}).map(([n, w]) => ints(n, w.dims, w.values)),
        ],
        input: [
          ...Object.entries(c.inputs).map(([n, dims]) => value(n, dims)),
          ...Object.entries(c.indices ?? {}).map(([n, w]) => value(n, w.dims, 6)),
        ],
        output: [{ name: 'y', type: { tensorType: { elemType: 1 } } }],
      },
    });
    const m = await importModel(path);
    expect(m.unsupported).toEqual([]);
    if (c.ops.length > 0) expect(m.graph.topological().map((n) => n.op)).toEqual(c.ops);
    expect(m.graph.topological().every((n) => n.domain === '')).toBe(true);
    const written = join(dir, 'written.onnx');
    await writeOnnx(m.graph, written, { evaluateWeight: () => Promise.reject(new Error('nothing to evaluate')) });
    const feeds = Object.fromEntries([
      ...Object.entries(c.inputs).map(([n, dims], i) => [
        n,
        new ort.Tensor('float32', Float32Array.from(numbers(size(dims), i)), dims),
      ]),
      ...Object.entries(c.indices ?? {}).map(([n, w]) => [
        n,
        new ort.Tensor('int32', Int32Array.from(w.values), w.dims),
      ]),
    ]);
    const results: ort.Tensor[] = [];
    for (const file of [path, written]) {
      const session = await ort.InferenceSession.create(file, { logSeverityLevel: 4 });
      results.push((await session.run(feeds)).y as ort.Tensor);
      await session.release();
    }
    const [want, got] = results as [ort.Tensor, ort.Tensor];
    expect(got.dims).toEqual(want.dims);
    expect(m.outputs[0]!.type.shape).toEqual(want.dims);
    const data = got.data as Float32Array;
    (want.data as Float32Array).forEach((x, i) => expect(Math.abs(x - data[i]!), `${i}`).toBeLessThan(2e-4));
  });
});
