import type { DimExpr } from '../ir/dim.ts';
import { dtypeOf, normalAxis, shapeOf, shapeOfMinRank, staticInts } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'Gather',
  category: 'shape',
  since: [1, 11, 13],
  attrs: { axis: { type: 'int', default: 0 } },
  inputs: [2, 2],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 1);
    const indices = shapeOf(ctx, 1);
    const axis = normalAxis(ctx.attr<number>('axis'), x.length);
    const data = ctx.data(0);
    const at = staticInts(ctx, 1);
    let out: DimExpr[] | null = null;
    if (data && at && x.length === 1) {
      out = at.map((i) => {
        const d = data[i < 0 ? i + data.length : i];
        if (d === undefined) throw new OpError(`index ${i} is outside ${data.length} elements`);
        return d;
      });
    }
    return {
      types: [{ dtype: dtypeOf(ctx, 0), shape: [...x.slice(0, axis), ...indices, ...x.slice(axis + 1)] }],
      data: [out],
    };
  },
  flops: () => 0,
});
