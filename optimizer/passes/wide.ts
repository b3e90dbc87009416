import type { DataType } from '../ir/dtype.ts';
import { countOf, fromNumbers, LITERAL_LIMIT } from '../ir/tensor.ts';
import type { WeightExpr } from '../ir/weight.ts';
import { castWeight, evaluateWeight, literalWeight, reshapeWeight, scaleWeight } from '../ir/weights.ts';

/* Arithmetic on constants in float64: expressions whose rounding to the model's type happens once, at the very end. */

/** The expression in float64; a rounding that a cast from float64 would have made is undone. */
export function wide(w: WeightExpr): WeightExpr {
  if (w.dtype === 'float64') return w;
  if (w.kind === 'cast' && w.input.dtype === 'float64') return w.input;
  if (w.kind === 'reshape') return reshapeWeight(wide(w.input), w.shape);
  return castWeight(w, 'float64');
}

/** A constant of the given float type with these numbers, rounded from float64. */
export const constantOf = (dtype: DataType, shape: readonly number[], data: readonly number[]): WeightExpr =>
  dtype === 'float32' || dtype === 'float64'
    ? literalWeight(fromNumbers(dtype, shape, data))
    : castWeight(literalWeight(fromNumbers('float64', shape, data)), dtype);

/** numpy broadcasting of shapes; null when they do not fit. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** An elementwise operator on float64 constants. Throws RangeError when the shapes do not fit. */
export function evaluated(op: string, inputs: readonly WeightExpr[]): WeightExpr {
  let shape: readonly number[] = [];
  for (const w of inputs) {
    const next = broadcast(shape, w.shape);
    if (!next) throw new RangeError(`${op}: ${inputs.map((i) => i.shape.join('×')).join(' and ')} do not broadcast`);
    shape = next;
  }
  return evaluateWeight(op, {}, inputs, 'float64', shape);
}

/** A constant repeated into a vector of `count`; null when it is neither one number nor `count` of them. */
export function vector(w: WeightExpr, count: number): WeightExpr | null {
  const n = countOf(w.shape);
  if (n === count) return reshapeWeight(wide(w), [count]);
  if (n !== 1 || count > LITERAL_LIMIT) return null;
  const ones = literalWeight(fromNumbers('float64', [count], new Array<number>(count).fill(1)));
  return evaluated('Mul', [ones, reshapeWeight(wide(w), [])]);
}

/**
 * w · factor (+ shift) along an axis; factor and shift are float64 vectors. A scale of a scale becomes one scale, so that
 * the weights are still rounded only once.
 */
export function scaled(w: WeightExpr, axis: number, factor: WeightExpr | null, shift: WeightExpr | null): WeightExpr {
  if (factor === null && shift === null) return w;
  const one = (): WeightExpr => vector(literalWeight(fromNumbers('float64', [], [1])), w.shape[axis]!)!;
  if (w.kind === 'scale' && w.axis === axis) {
    const f = factor === null ? w.factor : evaluated('Mul', [wide(w.factor), factor]);
    const moved = w.shift === null || factor === null ? w.shift : evaluated('Mul', [wide(w.shift), factor]);
    const s = moved === null ? shift : shift === null ? moved : evaluated('Add', [wide(moved), shift]);
    return scaleWeight(w.input, axis, f, s);
  }
  return scaleWeight(w, axis, factor ?? one(), shift);
}
