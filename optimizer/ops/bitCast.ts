import { bitsOf } from '../ir/dtype.ts';
import { dtypeOfCode } from './common/dtypes.ts';
import { typeAt } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

/** The same bits as numbers of another type of the same width. */
export default defineOp({
  op: 'BitCast',
  category: 'elementwise',
  since: [26],
  attrs: { to: { type: 'int', required: true } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const x = typeAt(ctx, 0);
    const dtype = dtypeOfCode(ctx.attr<number>('to'));
    if (bitsOf(dtype) !== bitsOf(x.dtype)) throw new OpError(`reads ${x.dtype} as ${dtype}, which has another width`);
    return { types: [{ dtype, shape: x.shape }] };
  },
  flops: () => 0,
});
