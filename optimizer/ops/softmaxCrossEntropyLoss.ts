import { composed } from './common/compose.ts';
import { negativeLogLikelihood } from './common/negativeLogLikelihood.ts';

/** Outputs: the loss, and the log-probabilities. */
export default composed(
  {
    op: 'SoftmaxCrossEntropyLoss',
    since: [12, 13],
    attrs: { reduction: { type: 'string', default: 'mean' }, ignore_index: { type: 'int' } },
    inputs: [2, 3],
    outputs: [1, 2],
  },
  (c) => {
    const logProb = c.op('LogSoftmax', [c.input(0)], { axis: 1 });
    c.output(1, 'Identity', [logProb]);
    negativeLogLikelihood(c, { logProb, target: c.input(1), weight: c.has(2) ? c.input(2) : null });
  },
);
