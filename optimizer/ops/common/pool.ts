import type { AttrSpec, OpDef, Upgrade } from '../op.ts';
import { defineOp, OpError } from '../op.ts';
import { count, dtypeOf, shapeOf, shapeOfMinRank } from './shapes.ts';
import { explicitWindow, windowAttrs, windowOf, windowOutput } from './window.ts';

/** MaxPool and AveragePool: [N, C, spatial…] → [N, C, windows…]; a second output holds int64 indices. */
export const pool = (
  op: string,
  since: readonly number[],
  attrs: Readonly<Record<string, AttrSpec>>,
  outputs: readonly [number, number],
  upgrades: readonly { readonly below: number; readonly apply: Upgrade }[] = [],
): OpDef =>
  defineOp({
    op,
    category: 'pooling',
    since,
    attrs: { ...windowAttrs, ceil_mode: { type: 'int', default: 0 }, ...attrs },
    inputs: [1, 1],
    outputs,
    upgrades: [...upgrades, { below: Number.MAX_SAFE_INTEGER, apply: explicitWindow(false) }],
    infer(ctx) {
      const x = shapeOfMinRank(ctx, 0, 3);
      if (ctx.node.attrs.kernel_shape === undefined) throw new OpError('has no kernel_shape');
      const w = windowOf(ctx.node.attrs, x.slice(2));
      const shape = [...x.slice(0, 2), ...windowOutput(x.slice(2), w, ctx.attr<number>('ceil_mode') !== 0)];
      const y = { dtype: dtypeOf(ctx, 0), shape };
      return { types: ctx.node.outputs.length > 1 ? [y, { dtype: 'int64', shape }] : [y] };
    },
    flops: (node, _inputs, out) => count(out[0]!) * count((node.attrs.kernel_shape as readonly number[]) ?? []),
  });

/** GlobalMaxPool and its kin: every spatial dimension becomes 1. */
export const globalPool = (
  op: string,
  since: readonly number[],
  attrs: Readonly<Record<string, AttrSpec>> = {},
): OpDef =>
  defineOp({
    op,
    category: 'pooling',
    since,
    attrs,
    inputs: [1, 1],
    outputs: [1, 1],
    infer(ctx) {
      const x = shapeOf(ctx, 0);
      return { types: [{ dtype: dtypeOf(ctx, 0), shape: x.map((d, i) => (i < 2 ? d : 1)) }] };
    },
    flops: (_node, inputs) => count(inputs[0]!),
  });
