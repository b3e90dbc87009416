import type { DataType } from '../../optimizer/ir/dtype.ts';
import { countOf } from '../../optimizer/ir/tensor.ts';

/** A tensor of the reference interpreter: float64 whatever the dtype says, so that only algebra can differ. */
export interface Dense {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const dense = (dtype: DataType, shape: readonly number[], data?: ArrayLike<number>): Dense => ({
  dtype,
  shape,
  data: data ? Float64Array.from(data) : new Float64Array(countOf(shape)),
});

export function stridesOf(shape: readonly number[]): number[] {
  const out = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) out[i] = out[i + 1]! * shape[i + 1]!;
  return out;
}

/** Calls `visit` with every index of the shape, in row-major order; the array is reused. */
export function eachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const n = countOf(shape);
  for (let flat = 0; flat < n; flat++) {
    visit(index, flat);
    for (let a = shape.length - 1; a >= 0; a--) {
      if (++index[a]! < shape[a]!) break;
      index[a] = 0;
    }
  }
}

export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    const dims = shapes.map((s) => s[i - rank + s.length] ?? 1);
    return dims.includes(0) ? 0 : Math.max(...dims);
  });
}

/** Flat offset of a broadcast operand at an index of the full shape. */
export function offsetIn(t: Dense, index: readonly number[], strides: readonly number[]): number {
  let at = 0;
  const skip = index.length - t.shape.length;
  for (let i = 0; i < t.shape.length; i++) if (t.shape[i] !== 1) at += index[i + skip]! * strides[i]!;
  return at;
}

/** A generator of numbers in (-1, 1) that is the same on every machine. */
export function seeded(seed: number): () => number {
  let s = seed >>> 0 || 1;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    return ((s >>> 0) / 2 ** 32) * 2 - 1;
  };
}
