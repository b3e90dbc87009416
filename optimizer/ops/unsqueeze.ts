import { dtypeOf, normalAxes, shapeOf, staticInts, UnknownRank } from './common/shapes.ts';
import { attrToInput } from './common/upgrades.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Unsqueeze',
  category: 'shape',
  since: [1, 11, 13, 21, 23, 24, 25],
  attrs: {},
  inputs: [2, 2],
  outputs: [1, 1],
  upgrades: [{ below: 13, apply: attrToInput('axes', 1) }],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const given = staticInts(ctx, 1);
    if (!given) throw new UnknownRank();
    const rank = x.length + given.length;
    const axes = normalAxes(given, rank);
    let k = 0;
    const shape = Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : x[k++]!));
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }], data: [ctx.data(0)] };
  },
  flops: () => 0,
});
