import type { Shape } from '../../ir/dim.ts';
import type { TensorType } from '../../ir/graph.ts';
import { defineOp, type InferContext, type OpDef } from '../op.ts';
import { mapReduce } from './reduceData.ts';
import { count, dtypeOf, hasInput, normalAxes, normalAxis, shapeOf, staticInts, UnknownRank } from './shapes.ts';
import { attrToInput } from './upgrades.ts';

/** Shape after reducing `axes` (normalized). */
export const reducedShape = (shape: Shape, axes: readonly number[], keep: boolean): Shape =>
  keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));

/** Normalized axes of a reduction whose axes are input 1; null when only data decides them. */
export function reduceAxes(ctx: InferContext, rank: number): readonly number[] | null {
  const all = Array.from({ length: rank }, (_, i) => i);
  const none = ctx.attr<number>('noop_with_empty_axes') ? [] : all;
  if (!hasInput(ctx, 1)) return none;
  const axes = staticInts(ctx, 1);
  if (axes === null) return ctx.inputs[1]?.shape?.[0] === 0 ? none : null;
  return axes.length === 0 ? none : normalAxes(axes, rank);
}

/** Reductions over the axes of input 1. `axesInput` is the opset that moved the axes from an attribute. */
export const reduction = (op: string, since: readonly number[], axesInput: number): OpDef =>
  defineOp({
    op,
    category: op === 'ReduceMean' || op === 'ReduceMax' ? 'pooling' : 'other',
    since,
    attrs: { keepdims: { type: 'int', default: 1 }, noop_with_empty_axes: { type: 'int', default: 0 } },
    inputs: [1, 2],
    outputs: [1, 1],
    upgrades: [{ below: axesInput, apply: attrToInput('axes', 1) }],
    infer(ctx) {
      const x = shapeOf(ctx, 0);
      const keep = ctx.attr<number>('keepdims') !== 0;
      const axes = reduceAxes(ctx, x.length);
      if (axes === null) {
        // How many axes there are says how many are left, whichever they turn out to be.
        const reduced = ctx.inputs[1]?.shape?.[0];
        if (!keep && typeof reduced !== 'number') throw new UnknownRank();
        const left = keep ? x : x.slice(Number(reduced));
        return { types: [{ dtype: dtypeOf(ctx, 0), shape: left.map((_, i) => ctx.fresh(`${i}`)) }] };
      }
      const type: TensorType = { dtype: dtypeOf(ctx, 0), shape: reducedShape(x, axes, keep) };
      return { types: [type], data: [mapReduce(op, ctx.data(0), x, axes)] };
    },
    flops: (_node, inputs) => count(inputs[0]!),
  });

/** ArgMax and ArgMin: int64 positions along one axis. */
export const argReduction = (op: string, since: readonly number[]): OpDef =>
  defineOp({
    op,
    category: 'other',
    since,
    attrs: {
      axis: { type: 'int', default: 0 },
      keepdims: { type: 'int', default: 1 },
      select_last_index: { type: 'int', default: 0 },
    },
    inputs: [1, 1],
    outputs: [1, 1],
    infer(ctx) {
      const x = shapeOf(ctx, 0);
      const axis = normalAxis(ctx.attr<number>('axis'), x.length);
      return { types: [{ dtype: 'int64', shape: reducedShape(x, [axis], ctx.attr<number>('keepdims') !== 0) }] };
    },
    flops: (_node, inputs) => count(inputs[0]!),
  });
