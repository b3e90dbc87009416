import { toNumbers } from '../ir/tensor.ts';
import { dtypeOf, normalAxis, shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'OneHot',
  category: 'other',
  since: [9, 11, 28],
  attrs: { axis: { type: 'int', default: -1 } },
  inputs: [3, 3],
  outputs: [1, 1],
  infer(ctx) {
    const indices = shapeOf(ctx, 0);
    const axis = normalAxis(ctx.attr<number>('axis'), indices.length + 1);
    const literal = ctx.literal(1);
    const depth = literal ? Math.trunc(toNumbers(literal)[0]!) : (ctx.data(1)?.[0] ?? ctx.fresh('depth'));
    return { types: [{ dtype: dtypeOf(ctx, 2), shape: [...indices.slice(0, axis), depth, ...indices.slice(axis)] }] };
  },
  flops: () => 0,
});
