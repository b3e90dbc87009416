import { type DimExpr, dimMax, type Shape, sameDim, sameShape, shapeText } from '../../ir/dim.ts';
import type { DataType } from '../../ir/dtype.ts';
import type { TensorType } from '../../ir/graph.ts';
import { type InferContext, OpError } from '../op.ts';

/** Thrown by `shapeOf` where a rank is unknown; `inferTypes` catches it and leaves the outputs' ranks unknown too. */
export class UnknownRank extends Error {
  override readonly name = 'UnknownRank';
}

/** Type of a required input. */
export function typeAt(ctx: InferContext, index: number): TensorType {
  const t = ctx.inputs[index];
  if (!t) throw new OpError(`input ${index} is required`);
  return t;
}

export const dtypeOf = (ctx: InferContext, index: number): DataType => typeAt(ctx, index).dtype;
export const hasInput = (ctx: InferContext, index: number): boolean => Boolean(ctx.inputs[index]);

/** Shape of a required input; stops the inference of this node when its rank is unknown. */
export function shapeOf(ctx: InferContext, index: number): Shape {
  const { shape } = typeAt(ctx, index);
  if (shape === null) throw new UnknownRank();
  return shape;
}

/** Shape of a required input of exactly `rank` dimensions. */
export function shapeOfRank(ctx: InferContext, index: number, rank: number): Shape {
  const s = shapeOf(ctx, index);
  if (s.length !== rank) throw new OpError(`input ${index} must have ${rank} dimensions, not ${shapeText(s)}`);
  return s;
}

/** Shape of a required input of at least `rank` dimensions. */
export function shapeOfMinRank(ctx: InferContext, index: number, rank: number): Shape {
  const s = shapeOf(ctx, index);
  if (s.length < rank) throw new OpError(`input ${index} must have at least ${rank} dimensions, not ${shapeText(s)}`);
  return s;
}

/** An axis in −rank … rank−1 as 0 … rank−1; `end` also allows `rank` itself (Flatten, Unsqueeze). */
export function normalAxis(axis: number, rank: number, end = false): number {
  const limit = end ? rank : rank - 1;
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(a) || a < 0 || a > limit) throw new OpError(`axis ${axis} is outside a tensor of rank ${rank}`);
  return a;
}

/** Normalized axes, sorted; a repeated one is an error. */
export function normalAxes(axes: readonly number[], rank: number): number[] {
  const out = axes.map((a) => normalAxis(a, rank)).sort((a, b) => a - b);
  if (out.some((a, i) => a === out[i - 1])) throw new OpError(`axes ${axes.join(', ')} name one dimension twice`);
  return out;
}

/** numpy broadcasting of one dimension. Unequal symbols give their maximum: one of them must turn out to be 1. */
export function broadcastDim(a: DimExpr, b: DimExpr): DimExpr | null {
  if (sameDim(a, b) || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return typeof b === 'number' ? null : a;
  if (typeof b === 'number') return b;
  return dimMax(a, b);
}

/** numpy broadcasting of several shapes. */
export function broadcastShapes(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    let d: DimExpr = 1;
    for (const s of shapes) {
      const at = i - (rank - s.length);
      if (at < 0) continue;
      const r = broadcastDim(d, s[at]!);
      if (r === null) throw new OpError(`shapes ${shapes.map(shapeText).join(' and ')} cannot be broadcast together`);
      d = r;
    }
    return d;
  });
}

/** Two dimensions that the operator wants equal: the more exact of both; an error when they cannot be equal. */
export function equalDim(a: DimExpr, b: DimExpr, what: string): DimExpr {
  if (typeof a === 'number' && typeof b === 'number' && a !== b) throw new OpError(`${what}: ${a} is not ${b}`);
  return typeof a === 'number' ? a : b;
}

/** Contents of a constant integer input as numbers, or null when unknown or symbolic. */
export function staticInts(ctx: InferContext, index: number): readonly number[] | null {
  const d = ctx.data(index);
  return d?.every((x) => typeof x === 'number') ? (d as readonly number[]) : null;
}

/** Number of elements; only for static shapes. */
export const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Length of a one-dimensional input that holds one number per dimension of something; null when unknown. */
export function knownLength(ctx: InferContext, index: number): number | null {
  const n = ctx.inputs[index]?.shape?.[0];
  if (typeof n !== 'number') return null;
  if (n > MAX_RANK) throw new OpError(`input ${index} describes ${n} dimensions`);
  return n;
}

/** Ranks beyond this come from damaged files only. */
const MAX_RANK = 64;

/** Whether two types are the same; a guess is not the same as knowledge. */
export function sameType(a: TensorType, b: TensorType): boolean {
  if (a.dtype !== b.dtype || a.guessed !== b.guessed) return false;
  if (a.sequence !== b.sequence || a.optional !== b.optional) return false;
  return a.shape === b.shape || (a.shape !== null && b.shape !== null && sameShape(a.shape, b.shape));
}
