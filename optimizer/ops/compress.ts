import { dtypeOf, normalAxis, shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Compress',
  category: 'other',
  since: [9, 11, 28],
  attrs: { axis: { type: 'int' } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer(ctx) {
    const axis = ctx.node.attrs.axis as number | undefined;
    if (axis === undefined) return { types: [{ dtype: dtypeOf(ctx, 0), shape: [ctx.fresh('kept')] }] };
    const x = shapeOf(ctx, 0);
    const at = normalAxis(axis, x.length);
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: x.map((d, i) => (i === at ? ctx.fresh('kept') : d)) }] };
  },
  flops: () => 0,
});
