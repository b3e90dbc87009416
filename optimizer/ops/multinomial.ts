import { dtypeOfCode } from './common/dtypes.ts';
import { shapeOfRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Multinomial',
  category: 'other',
  since: [7, 22],
  attrs: { dtype: { type: 'int', default: 6 }, sample_size: { type: 'int', default: 1 }, seed: { type: 'float' } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOfRank(ctx, 0, 2);
    return {
      types: [{ dtype: dtypeOfCode(ctx.attr<number>('dtype')), shape: [x[0]!, ctx.attr<number>('sample_size')] }],
    };
  },
});
