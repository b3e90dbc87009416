import { composed } from './common/compose.ts';
import { finishRms } from './common/rms.ts';
import { OpError } from './op.ts';

/** Inputs after x and skip: the scale and a bias of the sum. */
const [SCALE, BIAS] = [2, 3];
/** Outputs after y: statistics, which nobody may use here, and the sum. */
const [MEAN, DEVIATION, SUM] = [1, 2, 3];

/** RMSNormalization of x + skip (+ bias) over the last dimension. */
export default composed(
  {
    domain: 'com.microsoft',
    op: 'SkipSimplifiedLayerNormalization',
    category: 'normalization',
    since: [1],
    attrs: { epsilon: { type: 'float', default: Math.fround(1e-12) } },
    inputs: [3, 4],
    outputs: [1, 4],
  },
  (c) => {
    for (const index of [MEAN, DEVIATION]) {
      const v = c.node.outputs[index];
      if (v !== undefined && (c.graph.users(v).length > 0 || c.graph.isOutput(v)))
        throw new OpError('gives out its statistics, which is not supported');
    }
    const both = c.op('Add', [c.input(0), c.input(1)]);
    const sum = c.has(BIAS) ? c.op('Add', [both, c.input(BIAS)]) : both;
    c.output(SUM, 'Identity', [sum]);
    const rank = c.rank(0);
    finishRms(c, sum, c.input(SCALE), rank - 1, rank);
  },
);
