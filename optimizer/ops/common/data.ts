import {
  type DimExpr,
  dimAdd,
  dimCeilDiv,
  dimFloorDiv,
  dimMax,
  dimMin,
  dimMul,
  dimSub,
  isStatic,
  type Shape,
  sameDim,
} from '../../ir/dim.ts';
import { isFloat } from '../../ir/dtype.ts';
import type { InferContext } from '../op.ts';

/* Symbolic contents of small tensors: what carries a shape from Shape through arithmetic to Reshape. */

/** Longest tensor whose contents are followed. */
export const DATA_LIMIT = 1024;

export type Data = readonly DimExpr[];

/** Element-wise function over known operands under broadcasting to `shape`; null as soon as one element is unknown. */
export function mapData(
  ctx: InferContext,
  shape: Shape | null,
  f: (args: readonly DimExpr[]) => DimExpr | null,
): Data | null {
  if (shape === null || !isStatic(shape)) return null;
  const total = shape.reduce((a, b) => a * b, 1);
  if (total > DATA_LIMIT) return null;
  const operands: { data: Data; strides: number[] }[] = [];
  for (let i = 0; i < ctx.inputs.length; i++) {
    const data = ctx.data(i);
    const s = ctx.inputs[i]?.shape;
    if (!data || !s || !isStatic(s)) return null;
    const strides: number[] = new Array(shape.length).fill(0);
    let step = 1;
    for (let d = s.length - 1; d >= 0; d--) {
      strides[shape.length - s.length + d] = s[d] === 1 ? 0 : step;
      step *= s[d]!;
    }
    operands.push({ data, strides });
  }
  const out: DimExpr[] = [];
  const at = new Array<number>(shape.length).fill(0);
  for (let k = 0; k < total; k++) {
    const args = operands.map((o) => o.data[o.strides.reduce((n, s, d) => n + s * at[d]!, 0)]!);
    const r = f(args);
    if (r === null || (typeof r === 'number' && !Number.isFinite(r))) return null;
    out.push(r);
    for (let d = shape.length - 1; d >= 0; d--) {
      if (++at[d]! < shape[d]!) break;
      at[d] = 0;
    }
  }
  return out;
}

/** Division as the operand type does it: truncating for integers (dimensions are not negative), exact for floats. */
export function divide(ctx: InferContext, a: DimExpr, b: DimExpr): DimExpr | null {
  if (b === 0) return null;
  if (ctx.inputs[0] && isFloat(ctx.inputs[0].dtype)) {
    if (typeof a === 'number' && typeof b === 'number') return a / b;
    const q = dimFloorDiv(a, b);
    return typeof q === 'object' && q.op === 'floorDiv' ? null : q;
  }
  if (typeof a === 'number' && typeof b === 'number') return Math.trunc(a / b);
  return dimFloorDiv(a, b);
}

/** Dimension arithmetic needs whole coefficients; other mixtures are not followed. */
const whole =
  (f: (a: DimExpr, b: DimExpr) => DimExpr) =>
  (a: DimExpr, b: DimExpr): DimExpr | null => {
    const both = typeof a === 'number' && typeof b === 'number';
    const fraction = (x: DimExpr): boolean => typeof x === 'number' && !Number.isInteger(x);
    return !both && (fraction(a) || fraction(b)) ? null : f(a, b);
  };

export const addData = whole(dimAdd);
export const subData = whole(dimSub);
export const mulData = whole(dimMul);
export const minData = whole(dimMin);
export const maxData = whole(dimMax);

/** Whether an expression is not negative for any lengths. */
function isNonNegative(d: DimExpr): boolean {
  if (typeof d === 'number') return d >= 0;
  if (typeof d === 'string') return true;
  return d.op === 'max' ? d.args.some(isNonNegative) : d.args.every(isNonNegative);
}

/** 1, 0, or null when it depends on the lengths. A length is never −1: what exporters ask before they expand. */
export function equalData(a: DimExpr, b: DimExpr): DimExpr | null {
  if (sameDim(a, b)) return 1;
  if (typeof a === 'number' && typeof b === 'number') return 0;
  const apart = (x: DimExpr, y: DimExpr): boolean => typeof x === 'number' && x < 0 && isNonNegative(y);
  return apart(a, b) || apart(b, a) ? 0 : null;
}

export const ceilData = (d: DimExpr): DimExpr =>
  typeof d === 'number'
    ? Math.ceil(d)
    : typeof d === 'object' && d.op === 'floorDiv'
      ? dimCeilDiv(d.args[0]!, d.args[1]!)
      : d;

/** Remainder with the divisor's sign, or the dividend's with fmod; numbers only. */
export function modulo(ctx: InferContext, a: DimExpr, b: DimExpr): DimExpr | null {
  if (typeof a !== 'number' || typeof b !== 'number' || b === 0) return null;
  return ctx.attr<number>('fmod') ? a % b : a - b * Math.floor(a / b);
}

/** Contents after picking positions: `at` maps an output position (per dimension) to the input's. */
function gatherData(
  data: Data,
  shape: readonly number[],
  out: readonly number[],
  at: (position: readonly number[]) => readonly number[],
): Data {
  const total = out.reduce((a, b) => a * b, 1);
  const position = new Array<number>(out.length).fill(0);
  return Array.from({ length: total }, () => {
    const source = at(position);
    const d = data[shape.reduce((n, s, i) => n * s + source[i]!, 0)]!;
    for (let i = out.length - 1; i >= 0; i--) {
      if (++position[i]! < out[i]!) break;
      position[i] = 0;
    }
    return d;
  });
}

/** Contents of a transposed tensor; null when its shape is not known. */
export function permuteData(data: Data | null, shape: Shape, perm: readonly number[]): Data | null {
  if (!data || !isStatic(shape)) return null;
  const out = perm.map((p) => shape[p]!);
  return gatherData(data, shape, out, (position) => shape.map((_, i) => position[perm.indexOf(i)]!));
}

/** Contents of a run along one axis. */
export function sliceData(
  data: Data,
  shape: readonly number[],
  axis: number,
  start: number,
  length: number,
  step: number,
): Data {
  const out = shape.map((d, i) => (i === axis ? length : d));
  return gatherData(data, shape, out, (position) => position.map((p, i) => (i === axis ? start + p * step : p)));
}
