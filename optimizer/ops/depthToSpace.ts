import { type DimExpr, dimFloorDiv, dimMul } from '../ir/dim.ts';
import { dtypeOf, shapeOfRank } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'DepthToSpace',
  category: 'shape',
  since: [1, 11, 13, 28],
  attrs: { blocksize: { type: 'int', required: true }, mode: { type: 'string', default: 'DCR' } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const [n, c, h, w] = shapeOfRank(ctx, 0, 4) as readonly [DimExpr, DimExpr, DimExpr, DimExpr];
    const b = ctx.attr<number>('blocksize');
    if (typeof c === 'number' && c % (b * b) !== 0)
      throw new OpError(`${c} channels do not divide into blocks of ${b}×${b}`);
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [n, dimFloorDiv(c, b * b), dimMul(h, b), dimMul(w, b)] }] };
  },
  flops: () => 0,
});
