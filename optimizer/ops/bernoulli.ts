import { dtypeOfCode } from './common/dtypes.ts';
import { dtypeOf, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Bernoulli',
  category: 'other',
  since: [15, 22],
  attrs: { dtype: { type: 'int' }, seed: { type: 'float' } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const code = ctx.node.attrs.dtype as number | undefined;
    return {
      types: [{ dtype: code === undefined ? dtypeOf(ctx, 0) : dtypeOfCode(code), shape: typeAt(ctx, 0).shape }],
    };
  },
});
