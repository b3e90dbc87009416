import { shapeText } from '../ir/dim.ts';
import { dtypeOf, shapeOfMinRank, UnknownRank } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'GatherND',
  category: 'other',
  since: [11, 12, 13],
  attrs: { batch_dims: { type: 'int', default: 0 } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 1);
    const indices = shapeOfMinRank(ctx, 1, 1);
    const depth = indices[indices.length - 1]!;
    if (typeof depth !== 'number') throw new UnknownRank();
    const batch = ctx.attr<number>('batch_dims');
    if (batch + depth > x.length) throw new OpError(`indices of ${depth} numbers are too deep for ${shapeText(x)}`);
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [...indices.slice(0, -1), ...x.slice(batch + depth)] }] };
  },
  flops: () => 0,
});
