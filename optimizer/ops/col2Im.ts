import { dimFloorDiv, elementCount } from '../ir/dim.ts';
import { dtypeOf, shapeOfRank, UnknownRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Col2Im',
  category: 'other',
  since: [18],
  attrs: { dilations: { type: 'ints' }, pads: { type: 'ints' }, strides: { type: 'ints' } },
  inputs: [3, 3],
  outputs: [1, 1],
  infer(ctx) {
    const [n, c] = shapeOfRank(ctx, 0, 3);
    const image = ctx.data(1);
    const block = ctx.data(2);
    if (!image || !block) throw new UnknownRank();
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [n!, dimFloorDiv(c!, elementCount(block)), ...image] }] };
  },
});
