import { dimAdd, dimCeilDiv, dimMax, dimSub } from '../ir/dim.ts';
import { DATA_LIMIT } from './common/data.ts';
import { dtypeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Range',
  category: 'other',
  since: [11, 27],
  // Numbers of 16 bits are always computed in 64.
  attrs: { stash_type: { type: 'int', default: 1 } },
  inputs: [3, 3],
  outputs: [1, 1],
  infer(ctx) {
    const [start, limit, delta] = [0, 1, 2].map((i) => ctx.data(i)?.[0]);
    const dtype = dtypeOf(ctx, 0);
    if (start === undefined || limit === undefined || typeof delta !== 'number' || delta === 0) {
      return { types: [{ dtype, shape: [ctx.fresh('length')] }] };
    }
    const span = delta > 0 ? dimSub(limit, start) : dimSub(start, limit);
    const n = dimCeilDiv(span, Math.abs(delta));
    if (typeof n !== 'number') return { types: [{ dtype, shape: [start === 0 ? n : dimMax(0, n)] }] };
    const length = Math.max(0, n);
    const data = length <= DATA_LIMIT ? Array.from({ length }, (_, i) => dimAdd(start, i * delta)) : null;
    return { types: [{ dtype, shape: [length] }], data: [data] };
  },
  flops: () => 0,
});
