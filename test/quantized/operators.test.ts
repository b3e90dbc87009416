import { describe, expect, it } from 'vitest';
import { importModel } from '../../optimizer/importers/index.ts';
import { attr, floats, node, scratch, value, writeModel } from '../importers/make.ts';
import { checkQuantized } from './check.ts';

/* Single operators on integers, each as a model, in our engine and in ONNX Runtime. */

const dir = scratch();
const MS = 'com.microsoft';
const U8 = 2;
const S8 = 3;
const S32 = 6;

const pseudo = (n: number, seed: number): number[] =>
  Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + seed) * 1.5);
const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** A constant of 8 or 32 bits. */
function integers(name: string, dims: readonly number[], type: number, data?: readonly number[]): object {
  const numbers = data ?? pseudo(size(dims), 3).map((x) => Math.round(type === U8 ? 128 + x * 80 : x * 80));
  const bytes =
    type === S32 ? new Uint8Array(Int32Array.from(numbers).buffer) : Uint8Array.from(numbers, (x) => x & 255);
  return { name, dims, dataType: type, rawData: bytes };
}

interface Case {
  readonly name: string;
  readonly nodes: readonly object[];
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly constants?: readonly object[];
  readonly opset?: number;
  readonly output?: number;
}

/** Quantization of the float input NAME into NAME_q, with its parameters as constants. */
const stored = (name: string, scale: number, zero: number, type = U8) => ({
  constants: [floats(`${name}_s`, [], [scale]), integers(`${name}_z`, [], type, [zero])],
  q: node('QuantizeLinear', [name, `${name}_s`, `${name}_z`], [`${name}_q`]),
  of: [`${name}_q`, `${name}_s`, `${name}_z`],
});
const x = stored('x', 0.011, 131);
const b = stored('b', 0.017, 99);
/** Parameters of a result, and its dequantization to the output. */
const result = (scale: number, zero: number, type = U8) => ({
  constants: [floats('y_s', [], [scale]), integers('y_z', [], type, [zero])],
  to: ['y_s', 'y_z'],
  dq: node('DequantizeLinear', ['y_q', 'y_s', 'y_z'], ['y']),
});

function unary(op: string, dims: readonly number[], attrs: readonly object[], scale: number, zero: number): Case {
  const y = result(scale, zero);
  return {
    name: op,
    nodes: [x.q, node(op, [...x.of, ...y.to], ['y_q'], attrs, MS), y.dq],
    inputs: { x: dims },
    constants: [...x.constants, ...y.constants],
  };
}
function binary(op: string, dims: readonly number[], second: readonly number[]): Case {
  const y = result(0.021, 120);
  return {
    name: `${op} of ${dims.join('×')} and ${second.join('×')}`,
    nodes: [x.q, b.q, node(op, [...x.of, ...b.of, ...y.to], ['y_q'], [], MS), y.dq],
    inputs: { x: dims, b: second },
    constants: [...x.constants, ...b.constants, ...y.constants],
  };
}

const y = result(0.03, 101);
const cases: readonly Case[] = [
  binary('QLinearAdd', [2, 3, 5, 5], [2, 3, 5, 5]),
  binary('QLinearAdd', [2, 3, 5, 5], [3, 1, 1]),
  binary('QLinearMul', [2, 3, 5, 5], [2, 3, 5, 5]),
  unary('QLinearSigmoid', [2, 40], [], 1 / 256, 0),
  unary('QLinearLeakyRelu', [2, 40], [attr.float('alpha', 0.2)], 0.011, 80),
  unary(
    'QLinearAveragePool',
    [1, 5, 8, 8],
    [attr.ints('kernel_shape', [3, 3]), attr.ints('strides', [2, 2])],
    0.01,
    128,
  ),
  unary('QLinearGlobalAveragePool', [2, 5, 6, 6], [attr.int('channels_last', 0)], 0.004, 128),
  unary('QLinearGlobalAveragePool', [2, 6, 6, 5], [attr.int('channels_last', 1)], 0.004, 128),
  unary('QLinearSoftmax', [3, 10], [attr.int('axis', -1), attr.int('opset', 13)], 1 / 256, 0),
  {
    name: 'QLinearConcat',
    nodes: [x.q, b.q, node('QLinearConcat', [...y.to, ...x.of, ...b.of], ['y_q'], [attr.int('axis', 1)], MS), y.dq],
    inputs: { x: [1, 3, 4, 4], b: [1, 2, 4, 4] },
    constants: [...x.constants, ...b.constants, ...y.constants],
  },
  ...[U8, S8].map((type) => ({
    name: `QLinearConv with ${type === U8 ? 'uint8 weights and a zero point' : 'int8 weights per channel'}`,
    nodes: [
      x.q,
      node('QLinearConv', [...x.of, 'w', 'w_s', 'w_z', ...y.to, 'bias'], ['y_q'], [attr.ints('pads', [1, 2, 1, 0])]),
      y.dq,
    ],
    inputs: { x: [1, 5, 7, 7] },
    constants: [
      ...x.constants,
      ...y.constants,
      integers('w', [6, 5, 3, 3], type),
      type === U8 ? floats('w_s', [], [0.005]) : floats('w_s', [6], [0.002, 0.003, 0.004, 0.005, 0.006, 0.007]),
      type === U8 ? integers('w_z', [], U8, [120]) : integers('w_z', [6], S8, [0, 0, 0, 0, 0, 0]),
      integers('bias', [6], S32),
    ],
  })),
  {
    name: 'QLinearMatMul with scales per column',
    nodes: [x.q, node('QLinearMatMul', [...x.of, 'w', 'w_s', 'w_z', ...y.to], ['y_q']), y.dq],
    inputs: { x: [3, 12] },
    constants: [
      ...x.constants,
      ...y.constants,
      integers('w', [12, 4], S8),
      floats('w_s', [4], [0.002, 0.003, 0.004, 0.005]),
      integers('w_z', [4], S8, [0, 0, 0, 0]),
    ],
  },
  ...[true, false].map((quantizes) => ({
    name: `QGemm, ${quantizes ? 'quantized' : 'float32'} result`,
    nodes: [
      x.q,
      node(
        'QGemm',
        [...x.of, 'w', 'w_s', 'w_z', 'c', ...(quantizes ? y.to : [])],
        [quantizes ? 'y_q' : 'y'],
        [attr.int('transB', 1), attr.float('alpha', 0.5)],
        MS,
      ),
      ...(quantizes ? [y.dq] : []),
    ],
    inputs: { x: [3, 12] },
    constants: [
      ...x.constants,
      ...y.constants,
      integers('w', [4, 12], S8),
      floats('w_s', [], [0.004]),
      integers('w_z', [], S8, [0]),
      integers('c', [4], S32),
    ],
  })),
  {
    name: 'ConvInteger',
    nodes: [
      x.q,
      node('ConvInteger', ['x_q', 'w', 'x_z', 'w_z'], ['sums'], [attr.ints('pads', [1, 1, 1, 1])]),
      node('Cast', ['sums'], ['y'], [attr.int('to', 1)]),
    ],
    inputs: { x: [1, 3, 6, 6] },
    constants: [...x.constants, integers('w', [4, 3, 3, 3], U8), integers('w_z', [], U8, [126])],
  },
  {
    name: 'MatMulInteger and DynamicQuantizeLinear',
    nodes: [
      node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']),
      node('MatMulInteger', ['q', 'w', 'z', 'w_z'], ['sums']),
      node('Cast', ['sums'], ['f'], [attr.int('to', 1)]),
      node('Mul', ['f', 's'], ['y']),
    ],
    inputs: { x: [5, 24] },
    constants: [integers('w', [24, 7], S8), integers('w_z', [], S8, [0])],
  },
  {
    name: 'MatMulIntegerToFloat',
    nodes: [
      node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']),
      node('MatMulIntegerToFloat', ['q', 'w', 's', 'w_s', 'z', '', 'bias'], ['y'], [], MS),
    ],
    inputs: { x: [5, 24] },
    constants: [
      integers('w', [24, 7], S8),
      floats(
        'w_s',
        [7],
        pseudo(7, 2).map((v) => 0.01 + Math.abs(v) / 100),
      ),
      floats('bias', [7], pseudo(7, 1)),
    ],
  },
  {
    name: 'DynamicQuantizeMatMul',
    nodes: [node('DynamicQuantizeMatMul', ['x', 'w', 'w_s', '', 'bias'], ['y'], [], MS)],
    inputs: { x: [5, 24] },
    constants: [integers('w', [24, 7], S8), floats('w_s', [], [0.01]), floats('bias', [7], pseudo(7, 1))],
  },
];

/** DQ → one operator in floating point → Q, as QDQ models have it. */
function around(
  name: string,
  op: object,
  dims: readonly number[],
  scale: number,
  zero: number,
  constants: readonly object[] = [],
): Case {
  const to = result(scale, zero);
  return {
    name,
    nodes: [
      x.q,
      node('DequantizeLinear', x.of, ['x_dq']),
      op,
      node('QuantizeLinear', ['real', ...to.to], ['y_q']),
      to.dq,
    ],
    inputs: { x: dims },
    constants: [...x.constants, ...to.constants, ...constants],
  };
}
const twice = floats('scales', [4], [1, 1, 2, 2]);
const resized = (mode: string) =>
  node(
    'Resize',
    ['x_dq', '', 'scales'],
    ['real'],
    [
      attr.string('mode', mode),
      attr.string('coordinate_transformation_mode', 'asymmetric'),
      ...(mode === 'nearest' ? [attr.string('nearest_mode', 'floor')] : []),
    ],
  );
const qdq: readonly Case[] = [
  around('nearest Resize', resized('nearest'), [1, 5, 6, 7], 0.011, 131, [twice]),
  around('linear Resize', resized('linear'), [1, 5, 6, 7], 0.013, 128, [twice]),
  around(
    'Transpose',
    node('Transpose', ['x_dq'], ['real'], [attr.ints('perm', [0, 2, 3, 1])]),
    [1, 5, 6, 7],
    0.011,
    131,
  ),
  around(
    'MaxPool',
    node('MaxPool', ['x_dq'], ['real'], [attr.ints('kernel_shape', [3, 3]), attr.ints('pads', [1, 1, 1, 1])]),
    [1, 5, 6, 7],
    0.011,
    131,
  ),
  around(
    'AveragePool',
    node('AveragePool', ['x_dq'], ['real'], [attr.ints('kernel_shape', [3, 3])]),
    [1, 5, 6, 7],
    0.009,
    128,
  ),
  around('HardSwish', node('HardSwish', ['x_dq'], ['real']), [2, 50], 0.007, 30),
  around('Softmax', node('Softmax', ['x_dq'], ['real'], [attr.int('axis', 1)]), [2, 50], 1 / 256, 0),
  around('ReduceMean', node('ReduceMean', ['x_dq'], ['real'], [attr.ints('axes', [1])]), [2, 9, 4], 0.006, 128),
];

it.each(qdq)('$name between dequantization and quantization', async (c) => {
  await check(c);
});

describe('operators on integers', () => {
  it.each(cases)('$name', async (c) => {
    await check(c);
  });
});

async function check(c: Case): Promise<void> {
  const path = writeModel(dir, {
    domains: { [MS]: 1 },
    opset: c.opset ?? 15,
    graph: {
      name: 'g',
      node: c.nodes,
      initializer: c.constants ?? [],
      input: Object.entries(c.inputs).map(([n, dims]) => value(n, dims)),
      output: [{ name: 'y', type: { tensorType: { elemType: c.output ?? 1 } } }],
    },
  });
  expect((await importModel(path)).unsupported).toEqual([]);
  const r = await checkQuantized(path);
  expect(r.withinStep).toBe(1);
  expect(r.equal).toBeGreaterThan(0.95);
}

describe('wrong parameters are refused by name', () => {
  const model = (scale: object, zero: object, attrs: readonly object[] = [], op = 'QuantizeLinear'): string =>
    writeModel(dir, {
      graph: {
        name: 'g',
        node: [node(op, ['x', 's', 'z'], ['y'], attrs)],
        initializer: [scale, zero],
        input: [value('x', [2, 3, 4], op === 'QuantizeLinear' ? 1 : U8)],
        output: [{ name: 'y', type: { tensorType: { elemType: op === 'QuantizeLinear' ? U8 : 1 } } }],
      },
    });
  const zero = integers('z', [], U8, [3]);
  it.each([
    ['a scale of 0', model(floats('s', [], [0]), zero), 'has the scale 0; scales are positive numbers'],
    ['a negative scale', model(floats('s', [], [-0.5]), zero), 'has the scale -0.5'],
    ['a scale that is no number', model(floats('s', [], [Number.NaN]), zero), 'has the scale NaN'],
    ['an infinite scale', model(floats('s', [], [Infinity]), zero, [], 'DequantizeLinear'), 'has the scale Infinity'],
    [
      'scales that do not match their axis',
      model(floats('s', [2], [1, 2]), integers('z', [2], U8, [0, 0]), [attr.int('axis', 1)]),
      'has 2 scales along axis 1, which is 3 long',
    ],
    [
      'an axis that is not there',
      model(floats('s', [3], [1, 2, 3]), integers('z', [3], U8, [0, 0, 0]), [attr.int('axis', 5)]),
      'along axis 5 of a tensor of 3 axes',
    ],
    ['scales with two axes', model(floats('s', [2, 2], [1, 2, 3, 4]), zero), 'has'],
    [
      'a zero point of another type',
      model(floats('s', [], [1]), integers('z', [], S8, [3]), [], 'DequantizeLinear'),
      'has a zero point of type int8 for integers of type uint8',
    ],
  ])('%s', async (_name, path, message) => {
    await expect(importModel(path)).rejects.toThrow(message);
    await expect(importModel(path)).rejects.toMatchObject({ code: 'invalid-operator' });
  });

  it('a zero point beyond its type', async () => {
    const path = model(floats('s', [], [1]), { name: 'z', dims: [], dataType: U8, int32Data: [300] });
    await expect(importModel(path)).rejects.toThrow('Tensor "z" holds 300, which is no uint8.');
  });
});
