import { dtypeOf, hasInput, shapeOfMinRank } from './common/shapes.ts';
import { transposedOutput, windowOf } from './common/window.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'MaxUnpool',
  category: 'pooling',
  since: [9, 11, 22],
  attrs: { kernel_shape: { type: 'ints', required: true }, pads: { type: 'ints' }, strides: { type: 'ints' } },
  inputs: [2, 3],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 3);
    const given = hasInput(ctx, 2) ? (ctx.data(2) ?? x.map((_, i) => ctx.fresh(`${i}`))) : null;
    const window = windowOf(ctx.node.attrs, x.slice(2));
    const shape = given ?? [
      ...x.slice(0, 2),
      ...transposedOutput(
        x.slice(2),
        window,
        x.slice(2).map(() => 0),
      ),
    ];
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }] };
  },
  flops: () => 0,
});
