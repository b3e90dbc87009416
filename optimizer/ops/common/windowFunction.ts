import { defineOp, type OpDef } from '../op.ts';
import { dtypeOfCode } from './dtypes.ts';

/** HannWindow and its kin: a vector of the given length. */
export const windowFunction = (op: string): OpDef =>
  defineOp({
    op,
    category: 'other',
    since: [17],
    attrs: { output_datatype: { type: 'int', default: 1 }, periodic: { type: 'int', default: 1 } },
    inputs: [1, 1],
    outputs: [1, 1],
    infer: (ctx) => ({
      types: [
        { dtype: dtypeOfCode(ctx.attr<number>('output_datatype')), shape: [ctx.data(0)?.[0] ?? ctx.fresh('length')] },
      ],
    }),
  });
