import { dtypeOfCode } from './common/dtypes.ts';
import { dtypeOf, shapeOfRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'EyeLike',
  category: 'other',
  since: [9, 22],
  attrs: { dtype: { type: 'int' }, k: { type: 'int', default: 0 } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const code = ctx.node.attrs.dtype as number | undefined;
    return {
      types: [{ dtype: code === undefined ? dtypeOf(ctx, 0) : dtypeOfCode(code), shape: shapeOfRank(ctx, 0, 2) }],
    };
  },
  flops: () => 0,
});
