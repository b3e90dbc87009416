import { sequenceOp } from './common/sequences.ts';
import { typeAt } from './common/shapes.ts';

export default sequenceOp({
  op: 'OptionalGetElement',
  since: [15, 18, 28],
  attrs: {},
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const { optional: _, ...type } = typeAt(ctx, 0);
    return { types: [type] };
  },
});
