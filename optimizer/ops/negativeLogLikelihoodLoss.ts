import { composed } from './common/compose.ts';
import { negativeLogLikelihood } from './common/negativeLogLikelihood.ts';

export default composed(
  {
    op: 'NegativeLogLikelihoodLoss',
    since: [12, 13, 22],
    attrs: { reduction: { type: 'string', default: 'mean' }, ignore_index: { type: 'int' } },
    inputs: [2, 3],
    outputs: [1, 1],
  },
  (c) =>
    negativeLogLikelihood(c, {
      logProb: c.input(0),
      target: c.input(1),
      weight: c.has(2) ? c.input(2) : null,
    }),
);
