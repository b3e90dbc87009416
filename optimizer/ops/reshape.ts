import { reshapeTo } from './common/reshape.ts';
import { knownLength, typeAt } from './common/shapes.ts';
import { attrToInput } from './common/upgrades.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Reshape',
  category: 'shape',
  since: [1, 5, 13, 14, 19, 21, 23, 24, 25],
  attrs: { allowzero: { type: 'int', default: 0 } },
  inputs: [2, 2],
  outputs: [1, 1],
  upgrades: [{ below: 5, apply: attrToInput('shape', 1) }],
  infer(ctx) {
    const x = typeAt(ctx, 0);
    const target = ctx.data(1);
    const allow = ctx.attr<number>('allowzero') !== 0;
    if (target && x.shape)
      return { types: [{ dtype: x.dtype, shape: reshapeTo(x.shape, target, allow) }], data: [ctx.data(0)] };
    // Without both, the rank at least is known from the length of the target.
    if (target && (allow || !target.includes(0)) && !target.includes(-1))
      return { types: [{ dtype: x.dtype, shape: target }] };
    const rank = target ? target.length : knownLength(ctx, 1);
    if (rank === null) return { types: [{ dtype: x.dtype, shape: null }] };
    const shape = Array.from({ length: rank }, (_, i) => {
      const d = target?.[i];
      return d === undefined || d === 0 || d === -1 ? ctx.fresh(`${i}`) : d;
    });
    return { types: [{ dtype: x.dtype, shape }] };
  },
  flops: () => 0,
});
