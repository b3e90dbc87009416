import { sameDim } from '../ir/dim.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'If',
  category: 'other',
  since: [1, 11, 13, 16, 19, 21, 23],
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
    const a = ctx.inferBody('then_branch', inner, data);
    const b = ctx.inferBody('else_branch', inner, data);
    if (a.length !== ctx.node.outputs.length || b.length !== a.length)
      throw new OpError('its branches have other numbers of results than it');
    return {
      types: a.map((t, i) => {
        const u = b[i]!;
        if (!t.shape || !u.shape || t.shape.length !== u.shape.length) return { dtype: t.dtype, shape: null };
        return {
          dtype: t.dtype,
          shape: t.shape.map((d, k) => (sameDim(d, u.shape![k]!) ? d : ctx.fresh(`${i}_${k}`))),
        };
      }),
    };
  },
});
