import { composed } from './common/compose.ts';
import { swish } from './common/swish.ts';

/** x · sigmoid(alpha · x). */
export default composed(
  {
    op: 'Swish',
    category: 'activation',
    since: [24],
    attrs: { alpha: { type: 'float', default: 1 } },
    inputs: [1, 1],
    outputs: [1, 1],
  },
  (c) => c.finish('Mul', [c.input(0), swish(c)]),
);
