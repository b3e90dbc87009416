import { describe, expect, it } from 'vitest';
import type { ValueId } from '../../optimizer/ir/graph.ts';
import { Build } from '../support/build.ts';
import { applied, golden, operators, optimized, refused } from '../support/golden.ts';
import { bert } from '../support/networks.ts';

it('recognizes attention, layer normalization and GELU in a BERT encoder', async () => {
  const size = { layers: 2, tokens: 5, heads: 2, depth: 4, vocabulary: 10, masked: true };
  const result = await golden('bert-small', bert(size));
  expect(applied(result, 'attention')).toBe(2);
  expect(applied(result, 'layer-normalization')).toBe(5);
  expect(applied(result, 'activation-form')).toBe(2);
  expect(applied(result, 'merge-siblings')).toBe(2);
});

describe('activations by what they compute', () => {
  const forms: Record<string, [string, (b: Build, x: ValueId) => ValueId]> = {
    'erf, half first': [
      'Gelu',
      (b, x) => {
        const e = b.node('Erf', [b.node('Mul', [x, b.scalar(Math.SQRT1_2)])]);
        return b.node('Mul', [b.node('Mul', [b.scalar(0.5), x]), b.node('Add', [b.scalar(1), e])]);
      },
    ],
    'tanh with a cube': [
      'Gelu',
      (b, x) => {
        const cube = b.node('Pow', [x, b.scalar(3)]);
        const inner = b.node('Add', [x, b.node('Mul', [cube, b.scalar(0.044715)])]);
        const t = b.node('Tanh', [b.node('Mul', [inner, b.scalar(Math.sqrt(2 / Math.PI))])]);
        return b.node('Mul', [b.node('Mul', [x, b.node('Add', [t, b.scalar(1)])]), b.scalar(0.5)]);
      },
    ],
    'tanh, factored': [
      'Gelu',
      (b, x) => {
        const sq = b.node('Add', [b.scalar(1), b.node('Mul', [b.node('Mul', [x, x]), b.scalar(0.044715)])]);
        const t = b.node('Tanh', [b.node('Mul', [b.node('Mul', [x, b.scalar(Math.sqrt(2 / Math.PI))]), sq])]);
        return b.node('Mul', [b.node('Mul', [x, b.scalar(0.5)]), b.node('Add', [b.scalar(1), t])]);
      },
    ],
    'clip of x + 3': [
      'HardSwish',
      (b, x) => {
        const c = b.node('Clip', [b.node('Add', [x, b.scalar(3)]), b.scalar(0), b.scalar(6)]);
        return b.node('Div', [b.node('Mul', [x, c]), b.scalar(6)]);
      },
    ],
    'x · HardSigmoid': [
      'HardSwish',
      (b, x) => b.node('Mul', [b.node('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 }), x]),
    ],
    'x · tanh(softplus)': ['Mish', (b, x) => b.node('Mul', [x, b.node('Tanh', [b.node('Softplus', [x])])])],
  };
  for (const [name, [op, make]] of Object.entries(forms)) {
    it(`${name} is ${op}`, () => {
      const b = new Build();
      const x = b.input('x', [3, 50]);
      expect(operators(optimized(b.output(make(b, x), 'y').done()))).toEqual([op]);
    });
  }

  it('leaves what computes something else', () => {
    const b = new Build();
    const x = b.input('x', [3, 50]);
    const e = b.node('Erf', [b.node('Mul', [x, b.scalar(0.7)])]);
    const y = b.node('Mul', [b.node('Mul', [b.scalar(0.5), x]), b.node('Add', [b.scalar(1), e])]);
    expect(applied(optimized(b.output(y, 'y').done()), 'activation-form')).toBe(0);
  });

  it('leaves a form whose constants add axes', () => {
    const b = new Build();
    const x = b.input('x', [3, 5]);
    const y = b.node('Mul', [b.node('HardSigmoid', [x], { alpha: 1 / 6, beta: 0.5 }), x]);
    const gate = b.node('Clip', [b.node('Add', [x, b.constant([1, 1, 1], [3])]), b.scalar(0), b.scalar(6)]);
    const z = b.node('Div', [b.node('Mul', [x, gate]), b.scalar(6)]);
    expect(applied(optimized(b.output(y, 'y').output(z, 'z').done()), 'activation-form')).toBe(1);
  });

  it('leaves it whole where a part is read elsewhere, and says so', () => {
    const b = new Build();
    const x = b.input('x', [3, 50]);
    const e = b.node('Erf', [b.node('Mul', [x, b.scalar(Math.SQRT1_2)])]);
    const y = b.node('Mul', [b.node('Mul', [b.scalar(0.5), x]), b.node('Add', [b.scalar(1), e])]);
    const result = optimized(
      b
        .output(y, 'y')
        .output(b.node('MatMul', [e, b.weight([50, 2])]), 'z')
        .done(),
    );
    expect(refused(result, 'activation-form')).toEqual(['intermediate-read']);
  });
});

describe('layer normalization', () => {
  const norm = (b: Build, x: ValueId, inverse: boolean): ValueId => {
    const d = b.node('Sub', [x, b.node('ReduceMean', [x, b.ints(-1)], { keepdims: 1 })]);
    const v = b.node('ReduceMean', [b.node('Mul', [d, d]), b.ints(-1)], { keepdims: 1 });
    const root = b.node('Sqrt', [b.node('Add', [b.scalar(1e-5), v])]);
    return inverse ? b.node('Mul', [b.node('Reciprocal', [root]), d]) : b.node('Div', [d, root]);
  };
  for (const inverse of [false, true]) {
    it(`without scale and bias, ${inverse ? 'times the reciprocal' : 'divided'}`, () => {
      const b = new Build();
      const x = b.input('x', [2, 3, 8]);
      expect(operators(optimized(b.output(norm(b, x, inverse), 'y').done()))).toEqual(['LayerNormalization']);
    });
  }
  it('is refused where the mean is read elsewhere', () => {
    const b = new Build();
    const x = b.input('x', [2, 3, 8]);
    const mean = b.node('ReduceMean', [x, b.ints(-1)], { keepdims: 1 });
    const d = b.node('Sub', [x, mean]);
    const v = b.node('ReduceMean', [b.node('Mul', [d, d]), b.ints(-1)], { keepdims: 1 });
    const y = b.node('Div', [d, b.node('Sqrt', [b.node('Add', [v, b.scalar(1e-5)])])]);
    const result = optimized(b.output(y, 'y').output(mean, 'mean').done());
    expect(refused(result, 'layer-normalization')).toEqual(['intermediate-read']);
  });
});

describe('attention', () => {
  const heads = (b: Build, name: string): ValueId => b.input(name, [2, 3, 5, 4]);
  it('takes scales of Q and K into one, and keys that are not transposed before', () => {
    const b = new Build();
    const q = b.node('Mul', [heads(b, 'q'), b.scalar(0.5)]);
    const k = b.node('Mul', [b.node('Transpose', [heads(b, 'k')], { perm: [0, 1, 3, 2] }), b.scalar(0.25)]);
    const p = b.node('Softmax', [b.node('MatMul', [q, k])], { axis: 3 });
    const result = optimized(b.output(b.node('MatMul', [p, heads(b, 'v')]), 'y').done());
    expect(operators(result)).toEqual(['Attention{Transpose MatMul Mul Softmax MatMul}']);
  });
  it('one tensor may be query, key and value', () => {
    const b = new Build();
    const x = heads(b, 'x');
    const p = b.node('Softmax', [b.node('MatMul', [x, b.node('Transpose', [x], { perm: [0, 1, 3, 2] })])], {
      axis: -1,
    });
    const result = optimized(b.output(b.node('MatMul', [p, x]), 'y').done());
    expect(operators(result)).toEqual(['Attention{Transpose MatMul Softmax MatMul}']);
  });
  it('is refused where the probabilities are a model output or another operator stands between', () => {
    const b = new Build();
    const scores = b.node('MatMul', [heads(b, 'q'), b.node('Transpose', [heads(b, 'k')], { perm: [0, 1, 3, 2] })]);
    const p = b.node('Softmax', [b.node('Tanh', [scores])], { axis: -1 });
    const result = optimized(b.output(b.node('MatMul', [p, heads(b, 'v')]), 'y').done());
    expect(refused(result, 'attention')).toEqual(['attention-form']);
  });
});

it('writes sums, means, powers, reductions and shapes in one form', async () => {
  const b = new Build();
  const x = b.input('x', [1, 4, 6, 6]);
  const sum = b.node('Sum', [x, b.node('Sqrt', [b.node('Pow', [x, b.scalar(2)])]), b.weight([4, 1, 1])]);
  const mean = b.node('Mean', [sum, x]);
  const pooled = b.pool('AveragePool', mean, 6, 1);
  const squeezed = b.node('Squeeze', [pooled, b.ints(2, 3)]);
  const rows = b.node('Unsqueeze', [b.node('Flatten', [squeezed], { axis: 0 }), b.ints(0)]);
  const y = b.node('Log', [b.node('Softmax', [rows], { axis: -1 })]);
  const hw = b.node('ReduceMean', [mean, b.ints(-1, -2)], { keepdims: 0 });
  await golden('canonical', b.output(y, 'y').output(hw, 'hw').done());
});

it('folds alpha and beta of a Gemm', () => {
  const b = new Build();
  const x = b.input('x', [3, 5]);
  const y = b.node('Gemm', [x, b.weight([5, 2]), b.weight([2])], { alpha: 0.5, beta: 2 });
  const result = optimized(b.output(y, 'y').done());
  expect(applied(result, 'gemm-factors')).toBe(1);
  expect(result.graph.topological()[0]!.attrs).toEqual({});
});

it('slices and single indices that cut an axis into its parts are a split, read in place', () => {
  const b = new Build();
  const x = b.node('Softmax', [b.input('x', [3, 2, 6])], { axis: -1 });
  const heads = [0, 1, -1].map((i) => b.node('Gather', [x, b.constant([], [i], 'int64')], { axis: 0 }));
  const left = b.node('Slice', [x, b.ints(0), b.ints(2), b.ints(-1), b.ints(1)]);
  const right = b.node('Slice', [x, b.ints(2), b.ints(99), b.ints(2)]);
  [...heads, left, right].forEach((v, i) => b.output(b.node('Softmax', [v], { axis: 0 }), `y${i}`));
  const result = optimized(b.done());
  expect(applied(result, 'slices-to-split')).toBe(2);
  expect(applied(result, 'split-view')).toBe(2);
});

it('slices that leave a part out, or overlap, stay', () => {
  const b = new Build();
  const x = b.node('Softmax', [b.input('x', [2, 6])], { axis: -1 });
  [
    [0, 3],
    [2, 6],
    [4, 6],
  ].forEach(([from, to], i) => {
    b.output(b.node('Softmax', [b.node('Slice', [x, b.ints(from!), b.ints(to!), b.ints(1)])], { axis: 0 }), `y${i}`);
  });
  expect(applied(optimized(b.done()), 'slices-to-split')).toBe(0);
});
