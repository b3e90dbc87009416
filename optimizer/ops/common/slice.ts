import { type DimExpr, dimAdd, dimCeilDiv, dimMax, dimMin, dimSub } from '../../ir/dim.ts';
import { OpError } from '../op.ts';

/** Beyond this an end means "to the end", whatever the dimension. */
const FAR = 2 ** 31 - 1;

/** Position as Slice counts it: negative from the end, clamped to [low, high]. */
function clamp(at: DimExpr, d: DimExpr, low: number, high: DimExpr): DimExpr {
  if (typeof at === 'number') {
    if (at >= FAR) return high;
    if (at <= -FAR) return low;
    if (typeof d === 'number') return Math.min(Math.max(at < 0 ? at + d : at, low), high as number);
    return at < 0 ? dimMax(low, dimAdd(d, at)) : at === 0 && low <= 0 ? 0 : dimMin(at, high);
  }
  // A symbolic position is a length: not negative.
  return dimMin(at, high);
}

/** Start (normalized) and length of a slice of a dimension `d`. */
export function sliceLength(
  d: DimExpr,
  start: DimExpr,
  end: DimExpr,
  step: number,
): { start: DimExpr; length: DimExpr } {
  if (step === 0) throw new OpError('a slice cannot have step 0');
  if (step > 0) {
    const from = clamp(start, d, 0, d);
    const to = clamp(end, d, 0, d);
    const span = dimSub(to, from);
    const length = dimCeilDiv(span, step);
    return { start: from, length: typeof length === 'number' ? Math.max(0, length) : atLeastZero(length, from, to, d) };
  }
  const from = clamp(start, d, 0, dimSub(d, 1));
  const to = clamp(end, d, -1, dimSub(d, 1));
  const length = dimCeilDiv(dimSub(from, to), -step);
  return { start: from, length: typeof length === 'number' ? Math.max(0, length) : length };
}

/** Lengths that cannot be negative need no max(0, …): a slice up to the end from a clamped start. */
function atLeastZero(length: DimExpr, from: DimExpr, to: DimExpr, d: DimExpr): DimExpr {
  if (from === 0 || to === d) return length;
  return dimMax(0, length);
}
