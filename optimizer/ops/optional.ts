import { sequenceOp } from './common/sequences.ts';
import { typeAt } from './common/shapes.ts';
import { OpError } from './op.ts';

export default sequenceOp({
  op: 'Optional',
  since: [15, 28],
  attrs: {},
  inputs: [0, 1],
  outputs: [1, 1],
  infer(ctx) {
    if (ctx.inputs.length === 0) throw new OpError('makes an absent value, whose type this release does not read');
    return { types: [{ ...typeAt(ctx, 0), optional: true }] };
  },
});
