import { dimAdd, dimFloorDiv } from '../ir/dim.ts';
import { dtypeOfCode } from './common/dtypes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'MelWeightMatrix',
  category: 'other',
  since: [17],
  attrs: { output_datatype: { type: 'int', default: 1 } },
  inputs: [5, 5],
  outputs: [1, 1],
  infer(ctx) {
    const bins = ctx.data(0)?.[0] ?? ctx.fresh('bins');
    const length = ctx.data(1)?.[0];
    const rows = length === undefined ? ctx.fresh('rows') : dimAdd(dimFloorDiv(length, 2), 1);
    return { types: [{ dtype: dtypeOfCode(ctx.attr<number>('output_datatype')), shape: [rows, bins] }] };
  },
});
