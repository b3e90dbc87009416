import { dimMul } from '../ir/dim.ts';
import { dtypeOf, shapeOf } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

/** Before opset 6 tiles and axis were apart; that form is refused with the opset itself. */
export default defineOp({
  op: 'Tile',
  category: 'shape',
  since: [1, 6, 13],
  attrs: {},
  inputs: [2, 2],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const repeats = ctx.data(1);
    if (repeats && repeats.length !== x.length)
      throw new OpError(`has ${repeats.length} repeats for ${x.length} dimensions`);
    const shape = x.map((d, i) => (repeats ? dimMul(d, repeats[i]!) : ctx.fresh(`${i}`)));
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }] };
  },
  flops: () => 0,
});
