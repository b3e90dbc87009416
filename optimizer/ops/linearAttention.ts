import { dimFloorDiv, dimMul } from '../ir/dim.ts';
import { count, dtypeOf, equalDim, hasInput, shapeOfRank } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

/** Inputs after q, k, v: the state that earlier tokens left, its decay, and the update rate. */
const [PAST, DECAY, BETA] = [3, 4, 5];
const RULES = ['linear', 'gated', 'delta', 'gated_delta'];

/**
 * Attention as a recurrence over tokens. q [batch, tokens, q heads · d_k], k and v [batch, tokens, kv heads · d] →
 * [batch, tokens, q heads · d_v] and the state [batch, kv heads, d_k, d_v].
 */
export default defineOp({
  op: 'LinearAttention',
  category: 'matrix',
  since: [27],
  attrs: {
    q_num_heads: { type: 'int', required: true },
    kv_num_heads: { type: 'int', required: true },
    chunk_size: { type: 'int', default: 64 },
    scale: { type: 'float', default: 0 },
    update_rule: { type: 'string', default: 'gated_delta' },
  },
  inputs: [3, 6],
  outputs: [1, 2],
  infer(ctx) {
    const q = shapeOfRank(ctx, 0, 3);
    const k = shapeOfRank(ctx, 1, 3);
    const v = shapeOfRank(ctx, 2, 3);
    const heads = ctx.attr<number>('q_num_heads');
    const groups = ctx.attr<number>('kv_num_heads');
    if (!(groups > 0) || heads % groups !== 0)
      throw new OpError(`has ${heads} query heads, which ${groups} heads of keys do not divide`);
    equalDim(dimMul(k[2]!, heads / groups), q[2]!, 'keys and queries are of other sizes');
    const rule = ctx.attr<string>('update_rule');
    if (!RULES.includes(rule)) throw new OpError(`has an unknown update_rule "${rule}"`);
    if (rule.includes('gated') !== hasInput(ctx, DECAY))
      throw new OpError(`by the rule "${rule}" ${hasInput(ctx, DECAY) ? 'takes no' : 'needs a'} decay`);
    if (rule.includes('delta') !== hasInput(ctx, BETA))
      throw new OpError(`by the rule "${rule}" ${hasInput(ctx, BETA) ? 'takes no' : 'needs a'} beta`);
    const size = dimFloorDiv(v[2]!, groups);
    return {
      types: [
        { dtype: dtypeOf(ctx, 0), shape: [q[0]!, q[1]!, dimMul(size, heads)] },
        {
          dtype: hasInput(ctx, PAST) ? dtypeOf(ctx, PAST) : dtypeOf(ctx, 0),
          shape: [q[0]!, groups, dimFloorDiv(q[2]!, heads), size],
        },
      ],
    };
  },
  // A token writes d_k × d_v products into each state and reads as many from it.
  flops: (node, [, k, v]) => (4 * count(k!) * v![2]!) / Number(node.attrs.kv_num_heads),
});
