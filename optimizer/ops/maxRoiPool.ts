import { dtypeOf, shapeOfRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'MaxRoiPool',
  category: 'pooling',
  since: [1, 22],
  attrs: { pooled_shape: { type: 'ints', required: true }, spatial_scale: { type: 'float', default: 1 } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOfRank(ctx, 0, 4);
    const rois = shapeOfRank(ctx, 1, 2);
    return {
      types: [{ dtype: dtypeOf(ctx, 0), shape: [rois[0]!, x[1]!, ...ctx.attr<readonly number[]>('pooled_shape')] }],
    };
  },
});
