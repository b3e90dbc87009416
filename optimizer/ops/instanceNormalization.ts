import { count, typeAt } from './common/shapes.ts';
import { dropAttrs } from './common/upgrades.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'InstanceNormalization',
  category: 'normalization',
  since: [1, 6, 22],
  attrs: { epsilon: { type: 'float', default: Math.fround(1e-5) } },
  inputs: [3, 3],
  outputs: [1, 1],
  upgrades: [{ below: 6, apply: dropAttrs('consumed_inputs') }],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: (_node, inputs) => 8 * count(inputs[0]!),
});
