import { dtypeOfCode } from './common/dtypes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'RandomUniform',
  category: 'other',
  since: [1, 22],
  attrs: {
    dtype: { type: 'int', default: 1 },
    high: { type: 'float', default: 1 },
    low: { type: 'float', default: 0 },
    seed: { type: 'float' },
    shape: { type: 'ints', required: true },
  },
  inputs: [0, 0],
  outputs: [1, 1],
  infer: (ctx) => ({
    types: [{ dtype: dtypeOfCode(ctx.attr<number>('dtype')), shape: ctx.attr<readonly number[]>('shape') }],
  }),
});
