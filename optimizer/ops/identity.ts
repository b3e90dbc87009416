import { unary } from './common/pointwise.ts';
import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

const ofTensors = unary('Identity', {
  since: [1, 13, 14, 16, 19, 21, 23, 24, 25],
  category: 'shape',
  cost: 0,
  data: ([x]) => x!,
});

/** Hands on whatever it gets, sequences and optional values too. */
export default defineOp({
  ...ofTensors,
  infer(ctx) {
    const t = typeAt(ctx, 0);
    return t.sequence || t.optional ? { types: [t] } : ofTensors.infer(ctx);
  },
});
