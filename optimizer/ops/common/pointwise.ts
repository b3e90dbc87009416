import type { DimExpr } from '../../ir/dim.ts';
import { type DataType, isFloat } from '../../ir/dtype.ts';
import type { TensorType } from '../../ir/graph.ts';
import {
  type AttrSpec,
  defineOp,
  type InferContext,
  type OpCategory,
  type OpDef,
  OpError,
  type Upgrade,
} from '../op.ts';
import { mapData } from './data.ts';
import { broadcastShapes, count, typeAt } from './shapes.ts';
import { legacyBroadcast } from './upgrades.ts';

/* Families of operators that compute each output element from the matching input elements. */

interface Family {
  readonly since: readonly number[];
  readonly category?: OpCategory;
  readonly attrs?: Readonly<Record<string, AttrSpec>>;
  /** Element type of the result; the first input's when absent. */
  readonly dtype?: (ctx: InferContext) => DataType;
  /** Which operand types the operator takes; any when absent. */
  readonly accepts?: (dtype: DataType) => boolean;
  /** On symbolic contents; null = not followed. */
  readonly data?: (args: readonly DimExpr[], ctx: InferContext) => DimExpr | null;
  /** Floating-point operations per output element. */
  readonly cost?: number;
  readonly upgrades?: readonly { readonly below: number; readonly apply: Upgrade }[];
}

/** Broadcast type of the present inputs; rank unknown as soon as one is. */
export function broadcastType(ctx: InferContext, dtype: DataType): TensorType {
  const shapes = ctx.inputs.flatMap((t) => (t ? [t.shape] : []));
  return { dtype, shape: shapes.some((s) => s === null) ? null : broadcastShapes(shapes.map((s) => s!)) };
}

function pointwise(op: string, inputs: readonly [number, number], family: Family): OpDef {
  return defineOp({
    op,
    category: family.category ?? 'elementwise',
    since: family.since,
    attrs: family.attrs ?? {},
    inputs,
    outputs: [1, 1],
    pointwise: true,
    ...(family.upgrades ? { upgrades: family.upgrades } : {}),
    infer(ctx) {
      const first = typeAt(ctx, 0);
      if (family.accepts && !first.guessed && !family.accepts(first.dtype)) {
        throw new OpError(`does not take ${first.dtype} operands`);
      }
      const type = broadcastType(ctx, family.dtype ? family.dtype(ctx) : first.dtype);
      const f = family.data;
      return f ? { types: [type], data: [mapData(ctx, type.shape, (a) => f(a, ctx))] } : { types: [type] };
    },
    flops: (_node, _inputs, outputs) => count(outputs[0]!) * (family.cost ?? 1),
  });
}

/** One input, one output of the same type. */
export const unary = (op: string, family: Family): OpDef => pointwise(op, [1, 1], family);

function sameOperands(ctx: InferContext): DataType {
  const [a, b] = [typeAt(ctx, 0), typeAt(ctx, 1)];
  if (a.dtype !== b.dtype && !a.guessed && !b.guessed) {
    throw new OpError(`operands are ${a.dtype} and ${b.dtype}; they must have one type`);
  }
  return a.guessed ? b.dtype : a.dtype;
}

/** Two inputs of one type under numpy broadcasting. */
export const binary = (op: string, family: Family): OpDef =>
  pointwise(op, [2, 2], {
    dtype: sameOperands,
    ...family,
    upgrades: [{ below: 7, apply: legacyBroadcast }, ...(family.upgrades ?? [])],
  });

/** Two inputs of one type, bool result. */
export const comparison = (op: string, family: Family): OpDef =>
  binary(op, {
    ...family,
    dtype: (ctx) => {
      sameOperands(ctx);
      return 'bool';
    },
  });

/** One or more inputs of one type under numpy broadcasting (Sum, Min, Max, Mean). */
export const variadic = (op: string, family: Family): OpDef => pointwise(op, [1, Number.MAX_SAFE_INTEGER], family);

/** Anything else that broadcasts: the number of inputs given. */
export const pointwiseOf = pointwise;

export const onlyFloat = (dtype: DataType): boolean => isFloat(dtype);
export const onlyBool = (dtype: DataType): boolean => dtype === 'bool';
export const onlyInteger = (dtype: DataType): boolean => !isFloat(dtype) && dtype !== 'bool' && dtype !== 'string';
