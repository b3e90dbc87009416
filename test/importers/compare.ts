import { byteLength } from '../../optimizer/ir/dtype.ts';
import { fromNumbers, toNumbers } from '../../optimizer/ir/tensor.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { type Dense, dense } from '../support/tensor.ts';

/** A float32 tensor for the runtime. */
export const asTensor = (t: Dense): Tensor => {
  const literal = fromNumbers(t.dtype, t.shape, [...t.data]);
  return { dtype: t.dtype, shape: [...t.shape], bytes: literal.bytes };
};

export const asDense = (t: Tensor): Dense => {
  const bytes = t.bytes.slice(
    0,
    byteLength(
      t.dtype,
      t.shape.reduce((a, b) => a * b, 1),
    ),
  );
  return dense(t.dtype, t.shape, toNumbers({ dtype: t.dtype, shape: t.shape, bytes }));
};

/** Largest difference relative to the largest magnitude; infinite where shapes differ or a number is not one. */
export function worst(want: Dense, got: Dense): number {
  if (String(want.shape) !== String(got.shape)) return Number.POSITIVE_INFINITY;
  const scale = want.data.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-30);
  return want.data.reduce((m, v, i) => {
    const d = Math.abs(v - got.data[i]!) / scale;
    return Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(m, d);
  }, 0);
}
