import { shapeOfMinRank, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Trilu',
  category: 'other',
  since: [14],
  attrs: { upper: { type: 'int', default: 1 } },
  inputs: [1, 2],
  outputs: [1, 1],
  infer(ctx) {
    shapeOfMinRank(ctx, 0, 2);
    return { types: [typeAt(ctx, 0)] };
  },
  flops: () => 0,
});
