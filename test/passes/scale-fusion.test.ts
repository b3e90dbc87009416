import { describe, expect, it } from 'vitest';
import type { WeightExpr } from '../../optimizer/ir/weight.ts';
import { Build } from '../support/build.ts';
import { applied, golden, operators, optimized, refused } from '../support/golden.ts';

it('folds batch normalization into convolutions, transposed and grouped ones too, and into products', async () => {
  const b = new Build();
  let x = b.batchNorm(b.conv(b.input('x', [1, 4, 6, 6]), 8, 3, { bias: false }));
  x = b.batchNorm(b.conv(x, 8, 3, { group: 8 }));
  x = b.batchNorm(
    b.node('ConvTranspose', [x, b.weight([8, 3, 2, 2]), b.weight([3])], { kernel_shape: [2, 2], strides: [2, 2] }),
  );
  x = b.batchNorm(b.gemm(b.node('Flatten', [x], { axis: 1 }), 432, 5));
  const y = b.node('Mul', [b.node('Add', [b.node('MatMul', [x, b.weight([5, 3])]), b.weight([3])]), b.weight([3])]);
  const result = await golden('scale-fusion', b.output(y, 'y').done());
  expect(operators(result).filter((o) => /Mul|Pointwise/.test(o.replace(/MatMul/g, '')))).toEqual([]);
});

it('rounds weights once, whatever the number of factors', () => {
  const b = new Build();
  let x = b.conv(b.input('x', [1, 2, 4, 4]), 3, 1);
  for (let i = 0; i < 4; i++) x = b.node(i % 2 ? 'Div' : 'Mul', [x, b.weight([3, 1, 1], 0.2, 1)]);
  x = b.node('Sub', [b.node('Neg', [x]), b.scalar(0.5)]);
  const result = optimized(b.output(x, 'y').done());
  expect(operators(result)).toEqual(['Conv']);
  const conv = result.graph.topological()[0]!;
  for (const v of conv.inputs.slice(1)) {
    const roundings = (w: WeightExpr): number =>
      w.kind === 'scale'
        ? 1 + roundings(w.input)
        : w.kind === 'cast' && w.dtype === 'float32'
          ? 1 + roundings(w.input)
          : 0;
    expect(roundings(result.graph.value(v!).weight!)).toBe(1);
  }
});

it('collapses chains of scales and shifts, and drops neutral ones', () => {
  const b = new Build();
  let x = b.node('Exp', [b.input('x', [2, 3, 4])]);
  x = b.node('Mul', [b.node('Add', [b.node('Mul', [x, b.scalar(2)]), b.weight([4])]), b.weight([3, 1])]);
  x = b.node('Add', [b.node('Mul', [x, b.constant([1], [1])]), b.constant([4], [0, 0, 0, 0])]);
  x = b.node('Sub', [b.scalar(1), x]);
  const result = optimized(b.output(b.node('Erf', [x]), 'y').done());
  expect(operators(result)).toEqual(['Pointwise{Exp Mul Add Erf}']);
  expect(applied(result, 'neutral-scale')).toBe(2);
});

it('does not drop a multiplication by one that changes the shape', () => {
  const b = new Build();
  const result = optimized(b.output(b.node('Mul', [b.input('x', [1, 4]), b.constant([3, 1], [1, 1, 1])]), 'y').done());
  expect(operators(result)).toEqual(['Mul']);
});

describe('in front of a layer', () => {
  it('scales go into the weights; a shift only without padding', () => {
    for (const pad of [0, 1]) {
      const b = new Build();
      const x = b.node('Add', [b.node('Mul', [b.input('x', [1, 3, 6, 6]), b.weight([3, 1, 1])]), b.weight([3, 1, 1])]);
      const result = optimized(b.output(b.conv(x, 4, 3, { pad }), 'y').done());
      if (pad === 0) expect(operators(result)).toEqual(['Conv']);
      else expect(refused(result, 'scale-before-layer')).toEqual(['shift-with-padding']);
    }
  });
  it('also for depthwise convolutions and products, not for other groups', () => {
    const b = new Build();
    const scaled = (v: number): number => b.node('Mul', [b.node('Tanh', [v]), b.weight([4, 1, 1])]);
    const depthwise = b.conv(scaled(b.input('x', [1, 4, 6, 6])), 4, 3, { group: 4 });
    const grouped = b.conv(scaled(depthwise), 4, 3, { group: 2 });
    const rows = b.node('Mul', [b.node('Tanh', [b.node('Reshape', [grouped, b.ints(4, 36)])]), b.weight([36])]);
    const result = optimized(b.output(b.node('MatMul', [rows, b.weight([36, 5])]), 'y').done());
    expect(applied(result, 'scale-before-layer')).toBe(2);
    expect(refused(result, 'scale-before-layer')).toEqual(['group-scale']);
  });
});

it('says why a scale stays', () => {
  const b = new Build();
  const x = b.conv(b.input('x', [1, 3, 6, 6]), 4, 1);
  const y = b.node('Mul', [x, b.weight([4, 1, 1])]);
  const z = b.node('Mul', [b.conv(b.node('Tanh', [x]), 4, 1), b.weight([6, 6])]);
  const result = optimized(b.output(y, 'y').output(z, 'z').done());
  expect(refused(result, 'scale-into-conv').sort()).toEqual(['not-per-channel', 'output-read']);
});
