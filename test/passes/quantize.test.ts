import { describe, expect, it } from 'vitest';
import type { DataType } from '../../optimizer/ir/dtype.ts';
import type { ValueId } from '../../optimizer/ir/graph.ts';
import { Build } from '../support/build.ts';
import { applied, golden, operators, optimized, refused } from '../support/golden.ts';

type Stored = 'int8' | 'uint8';

/** Builds graphs as quantizers write them. */
class QuantizedBuild extends Build {
  parameters(scale: number, zero: number, dtype: DataType): ValueId[] {
    return [this.scalar(scale), this.constant([], [zero], dtype)];
  }
  q(x: ValueId, scale: number, zero = 0, dtype: Stored = 'uint8'): ValueId {
    return this.node('QuantizeLinear', [x, ...this.parameters(scale, zero, dtype)]);
  }
  dq(x: ValueId, scale: number, zero = 0, dtype: Stored = 'uint8'): ValueId {
    return this.node('DequantizeLinear', [x, ...this.parameters(scale, zero, dtype)]);
  }
  pair(x: ValueId, scale: number, zero = 0, dtype: Stored = 'uint8'): ValueId {
    return this.dq(this.q(x, scale, zero, dtype), scale, zero, dtype);
  }
  /** int8 weights with a scale per index of `axis`, or one. */
  weights(shape: readonly number[], axis: number | null = 0): ValueId {
    const n = shape.reduce((a, b) => a * b, 1);
    const data = Array.from({ length: n }, (_, i) => ((i * 37) % 255) - 127);
    const count = axis === null ? 1 : shape[axis]!;
    const scales = this.constant(
      axis === null ? [] : [count],
      Array.from({ length: count }, (_, i) => 0.002 + 0.001 * i),
    );
    const zero = this.constant(axis === null ? [] : [count], new Array<number>(count).fill(0), 'int8');
    return this.node('DequantizeLinear', [this.constant(shape, data, 'int8'), scales, zero], { axis: axis ?? 1 });
  }
  bias(n: number): ValueId {
    const stored = this.constant(
      [n],
      Array.from({ length: n }, (_, i) => 100 * i - 150),
      'int32',
    );
    return this.node('DequantizeLinear', [stored, this.scalar(0.0001)], { axis: 0 });
  }
  integerConv(x: ValueId, channels: number, out: number, kernel = 3): ValueId {
    const pad = (kernel - 1) / 2;
    const inputs = [x, this.weights([out, channels, kernel, kernel]), this.bias(out)];
    return this.node('Conv', inputs, { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad] });
  }
}

it('a network that comes quantized computes on integers between its own roundings', async () => {
  const b = new QuantizedBuild();
  const x = b.pair(b.input('x', [1, 3, 8, 8]), 0.008, 128);
  const stem = b.pair(b.relu(b.integerConv(x, 3, 4)), 0.02);
  const pooled = b.pair(b.pool('MaxPool', stem, 2, 2), 0.02);
  const left = b.pair(b.integerConv(pooled, 4, 4, 1), 0.03, 100);
  const right = b.pair(b.integerConv(pooled, 4, 4), 0.03, 100);
  const both = b.pair(b.node('Concat', [left, right], { axis: 1 }), 0.03, 100);
  const flipped = b.pair(b.node('Transpose', [both], { perm: [0, 1, 3, 2] }), 0.03, 100);
  const sum = b.pair(b.node('Add', [both, flipped]), 0.05, 110);
  const mean = b.pair(b.node('GlobalAveragePool', [sum]), 0.02, 90);
  const flat = b.node('Flatten', [mean]);
  const y = b.node('Gemm', [flat, b.weights([8, 5], 1), b.bias(5)]);
  const result = await golden('quantized', b.output(b.pair(y, 0.01, 128), 'y').done());
  expect(operators(result)).toEqual([
    'QuantizeLinear',
    'QuantizedConv{DequantizeLinear DequantizeLinear DequantizeLinear Conv Relu QuantizeLinear}',
    'MaxPool',
    'QuantizedConv{DequantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear}',
    'QuantizedConv{DequantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear}',
    'Concat',
    'Transpose',
    'QuantizedPointwise{DequantizeLinear DequantizeLinear Add QuantizeLinear}',
    'QuantizedPool{DequantizeLinear GlobalAveragePool QuantizeLinear}',
    'Reshape',
    'QuantizedMatMul{DequantizeLinear DequantizeLinear DequantizeLinear Gemm QuantizeLinear}',
    'DequantizeLinear',
  ]);
});

describe('Q/DQ propagation', () => {
  it('moves over operators that move numbers, both ways, and equal pairs cancel', () => {
    const b = new QuantizedBuild();
    const x = b.dq(b.input('x', [2, 6, 4], 'uint8'), 0.1, 3);
    const moved = b.node('Transpose', [b.node('Reshape', [x, b.ints(2, 3, 2, 4)])], { perm: [0, 2, 1, 3] });
    const y = b.q(b.node('Reshape', [moved, b.ints(4, 12)]), 0.1, 3);
    const result = optimized(b.output(y, 'y').done());
    expect(operators(result)).toEqual(['Shuffle{Reshape Transpose Reshape}']);
  });

  it('never drops a rounding: quantize then dequantize stays, other scales requantize', () => {
    const b = new QuantizedBuild();
    const x = b.pair(b.input('x', [1, 8]), 0.1, 3);
    const y = b.pair(x, 0.25, 100);
    const result = optimized(b.output(y, 'y').done());
    expect(operators(result)).toEqual([
      'QuantizeLinear',
      'Requantize{DequantizeLinear QuantizeLinear}',
      'DequantizeLinear',
    ]);
    expect(applied(result, 'quantize-pair')).toBe(0);
  });

  it('parts with different scales are not concatenated as they are, but quantized first', () => {
    const b = new QuantizedBuild();
    const parts = [0.1, 0.2].map((s, i) => b.pair(b.input(`x${i}`, [1, 2, 3]), s, 3));
    const result = optimized(b.output(b.q(b.node('Concat', parts, { axis: 1 }), 0.2, 3), 'y').done());
    expect(operators(result).sort()).toEqual([
      'Concat',
      'QuantizeLinear',
      'QuantizeLinear',
      'Requantize{DequantizeLinear QuantizeLinear}',
    ]);
    const open = new QuantizedBuild();
    const floats = [0.1, 0.2].map((s, i) => open.pair(open.input(`x${i}`, [1, 2, 3]), s, 3));
    const refusing = optimized(open.output(open.node('Concat', floats, { axis: 1 }), 'y').done());
    expect(refused(refusing, 'dequantize-forward')).toEqual(['other-quantization']);
  });

  it('is not done where a value is also read as it is', () => {
    const b = new QuantizedBuild();
    const x = b.node('Sigmoid', [b.input('x', [2, 6])]);
    const moved = b.node('Reshape', [x, b.ints(3, 4)]);
    b.output(b.pair(moved, 0.1), 'y').output(b.node('Exp', [moved]), 'z');
    expect(refused(optimized(b.done()), 'quantize-backward')).toEqual(['output-read']);
  });
});

describe('Q/DQ fusion', () => {
  const conv = (b: QuantizedBuild, weights: ValueId): ValueId =>
    b.node('Conv', [b.pair(b.input('x', [1, 3, 5, 5]), 0.01, 128), weights], { kernel_shape: [1, 1] });

  it('a sum and an activation behind a convolution come along, also without a rounding between', () => {
    const b = new QuantizedBuild();
    const x = b.pair(b.input('x', [1, 4, 5, 5]), 0.01, 128);
    const y = b.pair(b.relu(b.node('Add', [b.integerConv(x, 4, 4), x])), 0.05);
    expect(operators(optimized(b.output(y, 'y').done()))[1]).toBe(
      'QuantizedConv{DequantizeLinear DequantizeLinear DequantizeLinear Conv Add Relu QuantizeLinear}',
    );
  });

  it('weights in floating point, or with scales along another axis, are refused', () => {
    const floating = new QuantizedBuild();
    const a = optimized(floating.output(conv(floating, floating.weight([4, 3, 1, 1])), 'y').done());
    expect(refused(a, 'quantized-product')).toEqual(['operand-not-quantized']);
    const across = new QuantizedBuild();
    const c = optimized(across.output(conv(across, across.weights([4, 3, 1, 1], 1)), 'y').done());
    expect(refused(c, 'quantized-product')).toEqual(['scale-axis']);
  });

  it('a scale that is computed while running, and integers of 16 bits, stay outside', () => {
    const b = new QuantizedBuild();
    const scale = b.node('Abs', [b.input('s', [])]);
    const x = b.node('QuantizeLinear', [b.relu(b.input('x', [1, 4])), scale, b.constant([], [0], 'uint8')]);
    const y = b.node('DequantizeLinear', [x, scale, b.constant([], [0], 'uint8')]);
    const running = optimized(b.output(b.pair(b.relu(y), 0.1), 'y').done());
    expect(operators(running)).toContain('Relu');
    const wide = new QuantizedBuild();
    const p = wide.parameters(0.001, 0, 'int16');
    const v = wide.pair(wide.input('x', [1, 4]), 0.1);
    const q = wide.node('QuantizeLinear', [wide.relu(v), ...p]);
    const result = optimized(wide.output(wide.node('DequantizeLinear', [q, ...p]), 'y').done());
    expect(refused(result, 'quantized-pointwise')).toEqual(['not-bytes']);
  });

  it('an elementwise operator with an operand in floating point stays in floating point', () => {
    const b = new QuantizedBuild();
    const sum = b.node('Add', [b.pair(b.input('x', [1, 4]), 0.1), b.input('z', [1, 4])]);
    const result = optimized(b.output(b.pair(sum, 0.1), 'y').done());
    expect(refused(result, 'quantized-pointwise')).toEqual(['operand-not-quantized']);
  });

  it('weights that no integer layer reads become floating point once', () => {
    const b = new QuantizedBuild();
    const y = b.node('Conv', [b.input('x', [1, 3, 5, 5]), b.weights([4, 3, 1, 1])], { kernel_shape: [1, 1] });
    const result = optimized(b.output(b.relu(y), 'y').done());
    expect(operators(result)).toEqual(['Conv{Conv Relu}']);
    expect(applied(result, 'quantized-constant')).toBe(1);
  });

  it('scales of blocks become arithmetic, on constants once', () => {
    const b = new QuantizedBuild();
    const scales = b.constant([2, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    const zeros = b.constant([2, 3], [1, 2, 3, 4, 5, 6], 'int8');
    const data = Array.from({ length: 24 }, (_, i) => i * 7 - 80);
    const attrs = { axis: 0, block_size: 4 };
    const w = b.node('DequantizeLinear', [b.constant([8, 3], data, 'int8'), scales, zeros], attrs);
    b.output(b.node('MatMul', [b.input('x', [2, 8]), w]), 'y');
    b.output(b.relu(b.node('DequantizeLinear', [b.input('q', [8, 3], 'int8'), scales, zeros], attrs)), 'z');
    const result = optimized(b.done());
    expect(applied(result, 'blocked-scales')).toBe(2);
    expect(operators(result)).not.toContain('DequantizeLinear');
    expect(operators(result)).toContain('MatMul');
    const partial = new QuantizedBuild();
    const own = partial.constant([2, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    const v = partial.node('DequantizeLinear', [partial.input('q', [7, 3], 'int8'), own], attrs);
    expect(refused(optimized(partial.output(partial.relu(v), 'y').done()), 'blocked-scales')).toEqual([
      'partial-block',
    ]);
  });
});
