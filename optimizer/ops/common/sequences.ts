import type { DimExpr } from '../../ir/dim.ts';
import { sameDim } from '../../ir/dim.ts';
import type { TensorType } from '../../ir/graph.ts';
import { defineOp, type InferContext, type OpDef, OpError } from '../op.ts';
import { typeAt } from './shapes.ts';

/** What both sequences' tensors have in common; dimensions that differ become symbols by `fresh`. */
export function mergeSequences(a: TensorType, b: TensorType, fresh: (i: number) => DimExpr): TensorType {
  if (a.dtype !== b.dtype) throw new OpError(`joins sequences of ${a.dtype} and of ${b.dtype}`);
  const base = { ...a, ...(b.optional ? { optional: true as const } : {}) };
  // Nothing is known of an empty sequence: the other one tells. A tensor that contradicts is found when it is put in.
  if (!a.shape || !b.shape) return { ...base, shape: a.shape ?? b.shape };
  if (a.shape.length !== b.shape.length) return { ...base, shape: null };
  return { ...base, shape: a.shape.map((d, i) => (sameDim(d, b.shape![i]!) ? d : fresh(i))) };
}

/** Type of a required sequence operand. */
export function sequenceAt(ctx: InferContext, index: number): TensorType {
  const t = typeAt(ctx, index);
  if (!t.sequence && !t.guessed) throw new OpError(`takes a sequence as input ${index}, not a tensor`);
  return t;
}

/** A sequence of tensors of one type. */
export const sequenceOf = (t: TensorType): TensorType => ({ dtype: t.dtype, shape: t.shape, sequence: true });

/** The type of any tensor of a sequence: lengths that are not fixed may differ from one to the next. */
export const elementOf = (ctx: InferContext, t: TensorType): TensorType => ({
  dtype: t.dtype,
  shape: t.shape?.map((d, i) => (typeof d === 'number' ? d : ctx.fresh(`${i}`))) ?? null,
});

/** Operators on sequences and optional values compute nothing. */
export const sequenceOp = (def: Omit<OpDef, 'category' | 'flops'>): OpDef =>
  defineOp({ ...def, category: 'other', flops: () => 0 });
