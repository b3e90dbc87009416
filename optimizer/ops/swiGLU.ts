import { composed } from './common/compose.ts';
import { swish } from './common/swish.ts';

/** Inputs: a, b → swish(a) · b. */
export default composed(
  {
    op: 'SwiGLU',
    category: 'activation',
    since: [26, 28],
    attrs: { alpha: { type: 'float', default: 1 } },
    inputs: [2, 2],
    outputs: [1, 1],
  },
  (c) => c.finish('Mul', [c.op('Mul', [c.input(0), swish(c)]), c.input(1)]),
);
