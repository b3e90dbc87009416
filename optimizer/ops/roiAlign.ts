import { dtypeOf, shapeOfRank } from './common/shapes.ts';
import { oldDefaults } from './common/upgrades.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'RoiAlign',
  category: 'pooling',
  since: [10, 16, 22],
  attrs: {
    coordinate_transformation_mode: { type: 'string', default: 'half_pixel' },
    mode: { type: 'string', default: 'avg' },
    output_height: { type: 'int', default: 1 },
    output_width: { type: 'int', default: 1 },
    sampling_ratio: { type: 'int', default: 0 },
    spatial_scale: { type: 'float', default: 1 },
  },
  inputs: [3, 3],
  outputs: [1, 1],
  // Up to opset 15 pixels were not shifted by half.
  upgrades: [{ below: 16, apply: oldDefaults({ coordinate_transformation_mode: 'output_half_pixel' }) }],
  infer(ctx) {
    const x = shapeOfRank(ctx, 0, 4);
    const rois = shapeOfRank(ctx, 1, 2);
    return {
      types: [
        {
          dtype: dtypeOf(ctx, 0),
          shape: [rois[0]!, x[1]!, ctx.attr<number>('output_height'), ctx.attr<number>('output_width')],
        },
      ],
    };
  },
});
