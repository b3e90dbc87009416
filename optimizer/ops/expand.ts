import { type DimExpr, elementCount, type Shape } from '../ir/dim.ts';
import { DATA_LIMIT } from './common/data.ts';
import { broadcastShapes, dtypeOf, knownLength, shapeOf, UnknownRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Expand',
  category: 'shape',
  since: [8, 13],
  attrs: {},
  inputs: [2, 2],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const target = ctx.data(1);
    if (!target) {
      const n = knownLength(ctx, 1);
      if (n === null) throw new UnknownRank();
      return {
        types: [
          { dtype: dtypeOf(ctx, 0), shape: Array.from({ length: Math.max(n, x.length) }, (_, i) => ctx.fresh(`${i}`)) },
        ],
      };
    }
    const shape = broadcastShapes([x, target]);
    return {
      types: [{ dtype: dtypeOf(ctx, 0), shape }],
      data: [ctx.inputs.length > 0 ? expandData(ctx.data(0), shape) : null],
    };
  },
  flops: () => 0,
});

const expandData = (data: readonly DimExpr[] | null, shape: Shape): readonly DimExpr[] | null => {
  const n = elementCount(shape);
  return data?.length === 1 && typeof n === 'number' && n <= DATA_LIMIT ? new Array<DimExpr>(n).fill(data[0]!) : null;
};
