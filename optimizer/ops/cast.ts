import type { DimExpr } from '../ir/dim.ts';
import { isFloat } from '../ir/dtype.ts';
import { dtypeOfCode } from './common/dtypes.ts';
import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Cast',
  category: 'elementwise',
  since: [1, 6, 9, 13, 19, 21, 23, 24, 25, 28],
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
    const cast = (d: DimExpr): DimExpr | null => {
      if (typeof d !== 'number') return dtype === 'bool' ? null : d;
      if (dtype === 'bool') return d === 0 ? 0 : 1;
      return whole ? Math.trunc(d) : d;
    };
    const data = dtype === 'string' ? null : (ctx.data(0)?.map(cast) ?? null);
    const known = data?.every((d) => d !== null) ? (data as readonly DimExpr[]) : null;
    return { types: [{ dtype, shape: typeAt(ctx, 0).shape }], data: [known] };
  },
  flops: () => 0,
});
