import { composed } from './common/compose.ts';
import { finishRms } from './common/rms.ts';
import { normalAxis } from './common/shapes.ts';

/** x / √(mean(x²) + ε) · scale over the dimensions from `axis` on; the mean in float32. */
export default composed(
  {
    op: 'RMSNormalization',
    category: 'normalization',
    since: [23],
    attrs: {
      axis: { type: 'int', default: -1 },
      epsilon: { type: 'float', default: Math.fround(1e-5) },
      stash_type: { type: 'int', default: 1 },
    },
    inputs: [2, 2],
    outputs: [1, 1],
  },
  (c) => finishRms(c, c.input(0), c.input(1), normalAxis(c.attr('axis'), c.rank(0)), c.rank(0)),
);
