import { sameDim } from '../ir/dim.ts';
import type { TensorType } from '../ir/graph.ts';
import { mergeSequences } from './common/sequences.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'If',
  category: 'other',
  since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
  attrs: {
    then_branch: { type: 'graph', required: true },
    else_branch: { type: 'graph', required: true },
    captures: { type: 'int', default: 0 },
  },
  inputs: [1, Number.MAX_SAFE_INTEGER],
  outputs: [1, Number.MAX_SAFE_INTEGER],
  infer(ctx) {
    const inner = ctx.inputs.slice(1);
    const data = inner.map((_, i) => ctx.data(i + 1));
    const branch = (name: string): readonly TensorType[] | OpError => {
      try {
        const types = ctx.inferBody(name, inner, data);
        return types.length === ctx.node.outputs.length
          ? types
          : new OpError(`gets ${types.length} results from its ${name}`);
      } catch (e) {
        if (e instanceof OpError) return e;
        throw e;
      }
    };
    const a = branch('then_branch');
    const b = branch('else_branch');
    const condition = ctx.data(0)?.[0];
    // A branch that cannot work at these shapes is one that is never taken: exporters guard squeezes so.
    const taken =
      typeof condition === 'number' ? (condition ? a : b) : a instanceof OpError ? b : b instanceof OpError ? a : null;
    if (taken instanceof OpError) throw taken;
    if (taken) return { types: taken };
    if (a instanceof OpError || b instanceof OpError) throw new OpError('has no branch that works');
    return {
      types: a.map((t, i) => {
        const u = b[i]!;
        if (t.sequence && u.sequence) return mergeSequences(t, u, (k) => ctx.fresh(`${i}_${k}`));
        if (!t.shape || !u.shape || t.shape.length !== u.shape.length) return { dtype: t.dtype, shape: null };
        return {
          dtype: t.dtype,
          shape: t.shape.map((d, k) => (sameDim(d, u.shape![k]!) ? d : ctx.fresh(`${i}_${k}`))),
        };
      }),
    };
  },
});
