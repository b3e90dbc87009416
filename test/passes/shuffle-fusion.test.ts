import { describe, expect, it } from 'vitest';
import { Build } from '../support/build.ts';
import { applied, golden, operators, optimized, refused } from '../support/golden.ts';

it('lets transposes meet behind elementwise operators and concatenations, and cancel', async () => {
  const b = new Build();
  const nhwc = b.input('image', [1, 8, 8, 3]);
  const x = b.node('Transpose', [nhwc], { perm: [0, 3, 1, 2] });
  const back = (v: number): number => b.node('Transpose', [v], { perm: [0, 2, 3, 1] });
  const there = (v: number): number => b.node('Transpose', [v], { perm: [0, 3, 1, 2] });
  const left = b.relu(b.node('Add', [back(b.conv(x, 4, 3)), b.weight([4])]));
  const right = b.node('Mul', [back(b.conv(x, 4, 1)), b.weight([8, 8, 1])]);
  const both = b.node('Concat', [left, right], { axis: 3 });
  const y = b.conv(there(b.node('Sigmoid', [both])), 2, 1);
  const result = await golden('shuffle-fusion', b.output(y, 'y').done());
  expect(operators(result).filter((o) => o.includes('Transpose'))).toHaveLength(1);
});

it('moves nothing where another operand has another order', () => {
  const b = new Build();
  const x = b.input('x', [2, 3, 4]);
  const t = b.node('Transpose', [x], { perm: [1, 0, 2] });
  const result = optimized(b.output(b.node('Add', [t, b.input('y', [3, 2, 4])]), 'z').done());
  expect(refused(result, 'transpose-through-pointwise')).toEqual(['operand-order']);
});

it('a transpose of axes of length one is a reshape', () => {
  const b = new Build();
  const x = b.input('x', [1, 5, 1, 7]);
  const result = optimized(b.output(b.node('Transpose', [x], { perm: [2, 1, 0, 3] }), 'y').done());
  expect(applied(result, 'transpose-as-reshape') + applied(result, 'no-op-transpose')).toBe(1);
});

it('reshape, transpose, reshape is one shuffle', () => {
  const b = new Build();
  const x = b.input('x', [1, 6, 4, 4]);
  const groups = b.node('Reshape', [x, b.ints(1, 2, 3, 4, 4)]);
  const y = b.node('Reshape', [b.node('Transpose', [groups], { perm: [0, 2, 1, 3, 4] }), b.ints(1, 6, 4, 4)]);
  const result = optimized(b.output(b.conv(y, 2, 1), 'y').done());
  expect(operators(result)).toEqual(['Shuffle{Reshape Transpose Reshape}', 'Conv']);
});

it('transposes an image before it is flattened, so that pixels stay as a channels-last kernel writes them', () => {
  const b = new Build();
  const image = b.conv(b.input('x', [2, 3, 8, 12]), 5, 4, { pad: 0, stride: 4 });
  const pixels = b.node('Transpose', [b.node('Reshape', [image, b.ints(2, 5, -1)])], { perm: [0, 2, 1] });
  const result = optimized(b.output(b.node('Softmax', [pixels]), 'y').done());
  expect(applied(result, 'transpose-before-flatten')).toBe(1);
  expect(operators(result)).toEqual(['Conv', 'Shuffle{Transpose Reshape}', 'Softmax']);
});

it('leaves a transpose that does not bring channels last', () => {
  const b = new Build();
  const image = b.conv(b.input('x', [2, 3, 8, 12]), 6, 4, { pad: 0, stride: 4 });
  const halves = b.node('Transpose', [b.node('Reshape', [image, b.ints(2, 2, 3, 6)])], { perm: [0, 1, 3, 2] });
  const result = optimized(b.output(b.node('Softmax', [halves]), 'y').done());
  expect(applied(result, 'transpose-before-flatten')).toBe(0);
});

describe('padding', () => {
  const pads = (b: Build, n: number) => b.ints(0, 0, n, n, 0, 0, n, n);
  it('becomes part of convolution and pooling', () => {
    const b = new Build();
    const x = b.input('x', [1, 3, 8, 8]);
    const conv = b.conv(b.node('Pad', [x, pads(b, 1)]), 4, 3, { pad: 0, stride: 2 });
    const low = b.constant([], [-Infinity]);
    const max = b.pool('MaxPool', b.node('Pad', [conv, pads(b, 1), low]), 3, 1);
    const average = b.pool('AveragePool', b.node('Pad', [max, b.ints(1, 1, 1, 1), null, b.ints(2, 3)]), 3, 1);
    const positive = b.pool('MaxPool', b.node('Pad', [b.relu(average), pads(b, 1)]), 3, 2);
    const result = optimized(b.output(positive, 'y').done());
    expect(applied(result, 'pad-into-window')).toBe(4);
    expect(operators(result)).not.toContain('Pad');
  });
  it('stays where it pads with another value, another way, or channels', () => {
    for (const [attrs, value, axes, code] of [
      [{}, 1, [2, 3], 'padding-value'],
      [{ mode: 'reflect' }, 0, [2, 3], 'other-padding'],
      [{}, 0, [1, 2], 'padding-axes'],
    ] as const) {
      const b = new Build();
      const p = b.node(
        'Pad',
        [b.input('x', [1, 3, 8, 8]), b.ints(1, 1, 1, 1), b.scalar(value), b.ints(...axes)],
        attrs,
      );
      const result = optimized(b.output(b.conv(p, 4, 3), 'y').done());
      expect(refused(result, 'pad-into-window')).toEqual([code]);
    }
  });
  it('a zero may win the maximum of negative numbers', () => {
    const b = new Build();
    const p = b.node('Pad', [b.input('x', [1, 3, 8, 8]), pads(b, 1)]);
    const result = optimized(b.output(b.pool('MaxPool', p, 3, 1), 'y').done());
    expect(refused(result, 'pad-into-window')).toEqual(['padding-value']);
  });
});
