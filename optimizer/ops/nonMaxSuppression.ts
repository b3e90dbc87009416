import { shapeOfRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'NonMaxSuppression',
  category: 'other',
  since: [10, 11],
  attrs: { center_point_box: { type: 'int', default: 0 } },
  inputs: [2, 5],
  outputs: [1, 1],
  infer(ctx) {
    shapeOfRank(ctx, 0, 3);
    shapeOfRank(ctx, 1, 3);
    return { types: [{ dtype: 'int64', shape: [ctx.fresh('boxes'), 3] }] };
  },
});
