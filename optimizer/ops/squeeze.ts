import { isStatic, shapeText } from '../ir/dim.ts';
import { dtypeOf, hasInput, normalAxes, shapeOf, staticInts, UnknownRank } from './common/shapes.ts';
import { attrToInput } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'Squeeze',
  category: 'shape',
  since: [1, 11, 13, 21, 23, 24, 25],
  attrs: {},
  inputs: [1, 2],
  outputs: [1, 1],
  upgrades: [{ below: 13, apply: attrToInput('axes', 1) }],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    let axes: readonly number[];
    if (hasInput(ctx, 1)) {
      const given = staticInts(ctx, 1);
      if (!given) throw new UnknownRank();
      axes = normalAxes(given, x.length);
      for (const a of axes)
        if (typeof x[a] === 'number' && x[a] !== 1)
          throw new OpError(`cannot squeeze axis ${a} of ${shapeText(x)}: it is not 1`);
    } else {
      // Which dimensions are 1 decides the rank.
      if (!isStatic(x)) throw new UnknownRank();
      axes = x.flatMap((d, i) => (d === 1 ? [i] : []));
    }
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: x.filter((_, i) => !axes.includes(i)) }], data: [ctx.data(0)] };
  },
  flops: () => 0,
});
