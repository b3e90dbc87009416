import { dtypeOf, normalAxis, shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'CenterCropPad',
  category: 'shape',
  since: [18],
  attrs: { axes: { type: 'ints' } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const axes = ((ctx.node.attrs.axes as readonly number[] | undefined) ?? x.map((_, i) => i)).map((a) =>
      normalAxis(a, x.length),
    );
    const target = ctx.data(1);
    const shape = x.map((d, i) => (axes.includes(i) ? (target?.[axes.indexOf(i)] ?? ctx.fresh(`${i}`)) : d));
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }] };
  },
  flops: () => 0,
});
