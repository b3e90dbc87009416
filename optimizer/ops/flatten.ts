import { elementCount } from '../ir/dim.ts';
import { dtypeOf, normalAxis, shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Flatten',
  category: 'shape',
  since: [1, 9, 11, 13, 21, 23, 24, 25],
  attrs: { axis: { type: 'int', default: 1 } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const axis = normalAxis(ctx.attr<number>('axis'), x.length, true);
    return {
      types: [{ dtype: dtypeOf(ctx, 0), shape: [elementCount(x.slice(0, axis)), elementCount(x.slice(axis))] }],
    };
  },
  flops: () => 0,
});
