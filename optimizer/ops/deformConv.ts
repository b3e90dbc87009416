import { count, dtypeOf, shapeOfMinRank, shapeOfRank } from './common/shapes.ts';
import { windowOf, windowOutput } from './common/window.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'DeformConv',
  category: 'convolution',
  since: [19, 22],
  attrs: {
    dilations: { type: 'ints' },
    group: { type: 'int', default: 1 },
    kernel_shape: { type: 'ints' },
    offset_group: { type: 'int', default: 1 },
    pads: { type: 'ints' },
    strides: { type: 'ints' },
  },
  inputs: [3, 5],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 3);
    const w = shapeOfRank(ctx, 1, x.length);
    const window = windowOf(ctx.node.attrs, x.slice(2), w.slice(2));
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [x[0]!, w[0]!, ...windowOutput(x.slice(2), window)] }] };
  },
  flops: (_node, inputs, outputs) => 2 * count(outputs[0]!) * count(inputs[1]!.slice(1)),
});
