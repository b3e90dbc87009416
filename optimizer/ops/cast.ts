import { isFloat } from '../ir/dtype.ts';
import { dtypeOfCode } from './common/dtypes.ts';
import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Cast',
  category: 'elementwise',
  since: [1, 6, 9, 13, 19, 21, 23],
  attrs: {
    to: { type: 'int', required: true },
    saturate: { type: 'int', default: 1 },
    round_mode: { type: 'string', default: 'up' },
  },
  inputs: [1, 1],
  outputs: [1, 1],
  pointwise: true,
  infer(ctx) {
    const dtype = dtypeOfCode(ctx.attr<number>('to'));
    const whole = !isFloat(dtype);
    const data = ctx.data(0)?.map((d) => (whole && typeof d === 'number' ? Math.trunc(d) : d)) ?? null;
    return {
      types: [{ dtype, shape: typeAt(ctx, 0).shape }],
      data: [dtype === 'bool' || dtype === 'string' ? null : data],
    };
  },
  flops: () => 0,
});
