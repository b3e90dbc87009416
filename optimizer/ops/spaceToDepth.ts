import { type DimExpr, dimFloorDiv, dimMul } from '../ir/dim.ts';
import { dtypeOf, shapeOfRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'SpaceToDepth',
  category: 'shape',
  since: [1, 13],
  attrs: { blocksize: { type: 'int', required: true } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const [n, c, h, w] = shapeOfRank(ctx, 0, 4) as readonly [DimExpr, DimExpr, DimExpr, DimExpr];
    const b = ctx.attr<number>('blocksize');
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [n, dimMul(c, b * b), dimFloorDiv(h, b), dimFloorDiv(w, b)] }] };
  },
  flops: () => 0,
});
