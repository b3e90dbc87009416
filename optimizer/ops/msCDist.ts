import { composed } from './common/compose.ts';
import { OpError } from './op.ts';

/** Distances of all rows of A [n, k] from all rows of B [m, k] → [n, m]. */
export default composed(
  {
    domain: 'com.microsoft',
    op: 'CDist',
    category: 'matrix',
    since: [1],
    attrs: { metric: { type: 'string', default: 'sqeuclidean' } },
    inputs: [2, 2],
    outputs: [1, 1],
  },
  (c) => {
    const metric = c.text('metric');
    if (metric !== 'euclidean' && metric !== 'sqeuclidean') throw new OpError(`has an unknown metric "${metric}"`);
    const a = c.op('Unsqueeze', [c.input(0), c.ints([1])]);
    const b = c.op('Unsqueeze', [c.input(1), c.ints([0])]);
    const apart = c.op('Sub', [a, b]);
    const attrs = { keepdims: 0 };
    if (metric === 'sqeuclidean') return c.finish('ReduceSumSquare', [apart, c.ints([2])], attrs);
    c.finish('ReduceL2', [apart, c.ints([2])], attrs);
  },
);
