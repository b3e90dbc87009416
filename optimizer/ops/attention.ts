import { type DimExpr, dimAdd, dimFloorDiv, dimMul, type Shape, shapeText } from '../ir/dim.ts';
import type { TensorType } from '../ir/graph.ts';
import { dtypeOf, hasInput, shapeOf, shapeOfRank } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

/** Q, K, V of rank 4 [batch, heads, tokens, size] or 3 [batch, tokens, heads · size] → the same form, and cache and scores. */
export default defineOp({
  op: 'Attention',
  category: 'matrix',
  since: [23, 24],
  attrs: {
    is_causal: { type: 'int', default: 0 },
    kv_num_heads: { type: 'int' },
    q_num_heads: { type: 'int' },
    qk_matmul_output_mode: { type: 'int', default: 0 },
    scale: { type: 'float' },
    softcap: { type: 'float', default: 0 },
    softmax_precision: { type: 'int' },
  },
  inputs: [3, 7],
  outputs: [1, 4],
  infer(ctx) {
    const [q, k, v] = [shapeOf(ctx, 0), shapeOf(ctx, 1), shapeOf(ctx, 2)];
    if (![3, 4].includes(q.length) || k.length !== q.length || v.length !== q.length) {
      throw new OpError(`operands ${shapeText(q)}, ${shapeText(k)}, ${shapeText(v)} are not all of rank 3 or 4`);
    }
    const flat = q.length === 3;
    const [hq, hk] = flat ? [ctx.attr<number>('q_num_heads'), ctx.attr<number>('kv_num_heads')] : [q[1]!, k[1]!];
    const [s, t] = flat ? [q[1]!, k[1]!] : [q[2]!, k[2]!];
    const size = (shape: Shape): DimExpr => (flat ? dimFloorDiv(shape[2]!, hk) : shape[3]!);
    const past = hasInput(ctx, 4) ? shapeOfRank(ctx, 4, 4)[2]! : 0;
    const total = dimAdd(past, t);
    const dv = size(v);
    const types: TensorType[] = [
      { dtype: dtypeOf(ctx, 0), shape: flat ? [q[0]!, s, dimMul(hq, dv)] : [q[0]!, hq, s, dv] },
      { dtype: dtypeOf(ctx, 1), shape: [q[0]!, hk, total, size(k)] },
      { dtype: dtypeOf(ctx, 2), shape: [q[0]!, hk, total, dv] },
      { dtype: dtypeOf(ctx, 0), shape: [q[0]!, hq, s, total] },
    ];
    return { types: types.slice(0, ctx.node.outputs.length) };
  },
  // Scores and mixing: two products over every pair of tokens.
  flops: (node, inputs) => {
    const [q, k, v] = [inputs[0]!, inputs[1]!, inputs[2]!];
    const flat = q.length === 3;
    const tokens = flat ? k[1]! : k[2]!;
    const heads = flat ? ((node.attrs.q_num_heads as number | undefined) ?? 1) : q[1]!;
    const rows = flat ? q[0]! * q[1]! * heads : q[0]! * q[1]! * q[2]!;
    const width = flat ? q[2]! / heads : q[3]!;
    const mixed = flat ? v[2]! / ((node.attrs.kv_num_heads as number | undefined) ?? heads) : v[3]!;
    return 2 * rows * tokens * (width + mixed);
  },
});
