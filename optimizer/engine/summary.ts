import { toNumbers } from '../ir/tensor.ts';
import type { Tensor } from '../runtime.ts';

/** Elements of any numeric tensor as numbers; float32 without a copy where alignment allows. */
export function numbersOf(t: Tensor): ArrayLike<number> {
  if (t.dtype === 'float32') {
    const dense = t.bytes.byteOffset % 4 === 0 ? t.bytes : t.bytes.slice();
    return new Float32Array(dense.buffer, dense.byteOffset, dense.byteLength / 4);
  }
  return toNumbers(t);
}

export interface Summary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

export function summarize(t: Tensor): Summary {
  const data = numbersOf(t);
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
  }
  return { min, max, mean: sum / data.length };
}

export interface Difference {
  readonly maxAbs: number;
  /** Largest |a − b| over the largest |a|: robust where single elements are near zero. */
  readonly maxRel: number;
  readonly cosine: number;
  /** Elements where exactly one side is NaN or infinite, or the signs of infinities differ. */
  readonly mismatched: number;
}

/** How far `b` is from the reference `a`. */
export function difference(a: Tensor, b: Tensor): Difference {
  const x = numbersOf(a);
  const y = numbersOf(b);
  if (x.length !== y.length) throw new RangeError(`${x.length} elements against ${y.length}`);
  let maxAbs = 0;
  let scale = 0;
  let dot = 0;
  let xx = 0;
  let yy = 0;
  let mismatched = 0;
  for (let i = 0; i < x.length; i++) {
    const p = x[i]!;
    const q = y[i]!;
    if (!Number.isFinite(p) || !Number.isFinite(q)) {
      if (!Object.is(p, q)) mismatched++;
      continue;
    }
    maxAbs = Math.max(maxAbs, Math.abs(p - q));
    scale = Math.max(scale, Math.abs(p));
    dot += p * q;
    xx += p * p;
    yy += q * q;
  }
  const norm = Math.sqrt(xx) * Math.sqrt(yy);
  return { maxAbs, maxRel: scale > 0 ? maxAbs / scale : maxAbs, cosine: norm > 0 ? dot / norm : 1, mismatched };
}

/** The worse of two differences in every respect. */
export const worse = (a: Difference, b: Difference): Difference => ({
  maxAbs: Math.max(a.maxAbs, b.maxAbs),
  maxRel: Math.max(a.maxRel, b.maxRel),
  cosine: Math.min(a.cosine, b.cosine),
  mismatched: Math.max(a.mismatched, b.mismatched),
});
