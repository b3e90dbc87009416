import { toNumbers } from '../ir/tensor.ts';
import { typeAt } from './common/shapes.ts';
import { dropAttrs } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

/** Inference form: the ratio attribute and training flag mean nothing without training. */
export default defineOp({
  op: 'Dropout',
  category: 'other',
  since: [1, 6, 7, 10, 12, 13, 22],
  attrs: { seed: { type: 'int' } },
  inputs: [1, 3],
  outputs: [1, 2],
  upgrades: [{ below: 12, apply: dropAttrs('ratio', 'is_test') }],
  infer(ctx) {
    if (ctx.literal(2) && toNumbers(ctx.literal(2)!)[0] !== 0)
      throw new OpError('is in training mode; export the model for inference');
    const x = typeAt(ctx, 0);
    return {
      types: [x, { dtype: 'bool' as const, shape: x.shape }].slice(0, ctx.node.outputs.length),
      data: [ctx.data(0)],
    };
  },
  flops: () => 0,
});
