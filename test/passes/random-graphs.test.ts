import { describe, expect, it } from 'vitest';
import type { Graph, ValueId } from '../../optimizer/ir/graph.ts';
import { Build } from '../support/build.ts';
import { optimized } from '../support/golden.ts';
import { seeded } from '../support/tensor.ts';

/*
 * Graphs that nobody would draw: whatever the passes make of them, `optimized` checks soundness, types, names, numbers
 * and the trace.
 */

/** Images of 4 channels through a random mixture of everything the passes look for. */
function images(seed: number, batch: number | string): Graph {
  const random = seeded(seed * 7919 + 1);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(((random() + 1) / 2) * items.length)]!;
  const b = new Build();
  const values: ValueId[] = [b.input('x', [batch, 4, 6, 6]), b.input('y', [batch, 4, 6, 6])];
  // Recent values are met more often: chains and joins both happen.
  const any = (): ValueId => pick(random() < 0.2 ? values : values.slice(-4));
  const perChannel = (): ValueId =>
    pick([() => b.weight([4, 1, 1]), () => b.weight([1, 4, 1, 1]), () => b.scalar(0.7), () => b.weight([6])])();
  const moves: readonly (() => ValueId)[] = [
    () => b.conv(any(), 4, pick([1, 3]), { bias: random() < 0.5, group: pick([1, 1, 4]) }),
    () => b.conv(any(), 4, 1),
    () => b.batchNorm(any()),
    () => b.node(pick(['Relu', 'Sigmoid', 'Tanh', 'Neg', 'Abs', 'Identity', 'Dropout']), [any()]),
    () => b.node(pick(['Add', 'Mul', 'Sub']), [any(), any()]),
    () => b.node(pick(['Add', 'Mul', 'Sub', 'Div']), [any(), perChannel()]),
    () => b.node(pick(['Sum', 'Max', 'Mean']), [any(), any(), any()]),
    () => b.node('Sub', [perChannel(), any()]),
    () => {
      const v = any();
      return b.node('Mul', [v, b.node(pick(['Sigmoid', 'HardSigmoid']), [v])]);
    },
    () =>
      b.node('Transpose', [b.node('Relu', [b.node('Transpose', [any()], { perm: [0, 2, 3, 1] })])], {
        perm: [0, 3, 1, 2],
      }),
    () => {
      const t = b.node('Transpose', [any()], { perm: [0, 2, 3, 1] });
      const moved = b.node(pick(['Add', 'Mul']), [t, pick([() => b.weight([4]), () => b.weight([6, 1, 1])])()]);
      return b.node('Transpose', [moved], { perm: [0, 3, 1, 2] });
    },
    () => b.node('Transpose', [any()], { perm: [0, 1, 3, 2] }),
    () => b.pool(pick(['MaxPool', 'AveragePool']), any(), 3, 1, 1),
    () => b.pool('MaxPool', b.node('Pad', [any(), b.ints(0, 0, 1, 1, 0, 0, 1, 1)]), 3, 1),
    () => b.conv(b.node('Pad', [any(), b.ints(0, 0, 1, 1, 0, 0, 1, 1)]), 4, 3, { pad: 0 }),
    () => b.conv(b.node('Concat', [any(), any(), any()], { axis: 1 }), 4, 1),
    () => {
      const [l, r] = b.nodes('Split', [any(), b.ints(1, 3)], { axis: 1 }, 2);
      return b.node('Concat', [r!, l!], { axis: 1 });
    },
    () =>
      b.conv(b.node(pick(['Relu', 'Sigmoid']), [b.node('Concat', [any(), b.conv(any(), 4, 1)], { axis: 1 })]), 4, 1),
    () => b.node('Mul', [any(), b.node('GlobalAveragePool', [any()])]),
    () => {
      const v = any();
      return b.node(
        'Concat',
        [2, 1, 1].map((n) => b.relu(b.conv(v, n, 1))),
        { axis: 1 },
      );
    },
  ];
  for (let i = 0; i < 24; i++) values.push(pick(moves)());
  const outputs = new Set([values.at(-1)!, pick(values.slice(2))]);
  [...outputs].forEach((v, i) => b.output(v, `out${i}`));
  return b.done();
}

/** Token rows through products, normalizations and reshapes. */
function rows(seed: number): Graph {
  const random = seeded(seed * 104729 + 3);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(((random() + 1) / 2) * items.length)]!;
  const b = new Build();
  const values: ValueId[] = [b.input('x', [2, 3, 8]), b.input('y', [2, 3, 8])];
  const any = (): ValueId => pick(random() < 0.2 ? values : values.slice(-4));
  const heads = (v: ValueId, perm: number[]): ValueId =>
    b.node('Transpose', [b.node('Reshape', [v, b.ints(0, 0, 2, 4)])], { perm });
  const moves: readonly (() => ValueId)[] = [
    () => b.linear(any(), 8, 8),
    () => b.node('MatMul', [any(), b.weight([8, 8], 0.3)]),
    () => b.node('LayerNormalization', [any(), b.weight([8]), b.weight([8])], { axis: -1 }),
    () => b.node(pick(['Add', 'Mul', 'Sub']), [any(), any()]),
    () =>
      b.node(pick(['Add', 'Mul']), [any(), pick([() => b.weight([8]), () => b.weight([3, 1]), () => b.scalar(1.5)])()]),
    () => b.node(pick(['Relu', 'Tanh', 'Gelu', 'Identity']), [any()]),
    () => b.node('Softmax', [b.node('Mul', [any(), b.scalar(0.5)])], { axis: pick([-1, 1]) }),
    () => {
      const v = any();
      const d = b.node('Sub', [v, b.node('ReduceMean', [v, b.ints(-1)], { keepdims: 1 })]);
      const variance = b.node('ReduceMean', [b.node('Pow', [d, b.scalar(2)]), b.ints(-1)], { keepdims: 1 });
      return b.node('Div', [d, b.node('Sqrt', [b.node('Add', [variance, b.scalar(1e-3)])])]);
    },
    () => {
      const v = any();
      const e = b.node('Erf', [b.node('Div', [v, b.scalar(Math.SQRT2)])]);
      return b.node('Mul', [b.node('Mul', [v, b.node('Add', [e, b.scalar(1)])]), b.scalar(0.5)]);
    },
    () => {
      const v = any();
      const [q, k] = [heads(b.linear(v, 8, 8), [0, 2, 1, 3]), heads(b.linear(v, 8, 8), [0, 2, 3, 1])];
      const p = b.node('Softmax', [b.node('Div', [b.node('MatMul', [q, k]), b.scalar(2)])], { axis: -1 });
      const joined = b.node('MatMul', [p, heads(any(), [0, 2, 1, 3])]);
      return b.node('Reshape', [b.node('Transpose', [joined], { perm: [0, 2, 1, 3] }), b.ints(2, 3, 8)]);
    },
    () => b.node('Reshape', [b.node('Reshape', [any(), b.ints(6, 8)]), b.ints(2, 3, 8)]),
    () =>
      b.node(
        'Concat',
        [0, 1, 2].map((i) => b.node('Gather', [any(), b.ints(i)], { axis: 1 })),
        { axis: 1 },
      ),
  ];
  for (let i = 0; i < 16; i++) values.push(pick(moves)());
  const outputs = new Set([values.at(-1)!, pick(values.slice(2))]);
  [...outputs].forEach((v, i) => b.output(v, `out${i}`));
  return b.done();
}

describe('random graphs keep their meaning', () => {
  const COUNT = Number(process.env.RANDOM_GRAPHS ?? 25);
  it('images', () => {
    for (let seed = 1; seed <= COUNT; seed++) expect(() => optimized(images(seed, 1)), `seed ${seed}`).not.toThrow();
  });
  it('images of a batch that is only known later', () => {
    for (let seed = 1; seed <= COUNT; seed++) expect(() => optimized(images(seed, 'N')), `seed ${seed}`).not.toThrow();
  });
  it('rows', () => {
    for (let seed = 1; seed <= COUNT; seed++) expect(() => optimized(rows(seed)), `seed ${seed}`).not.toThrow();
  });
});
