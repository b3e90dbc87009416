import type { Pass } from './pass.ts';
import { neutral, scaleChain } from './scale/chain.ts';
import { scaleIntoConv, scaleIntoProduct } from './scale/into-producer.ts';
import { scaleIntoUser } from './scale/into-user.ts';

export const scaleFusion: Pass = {
  name: 'scale-fusion',
  title: 'Scale fusion',
  doc:
    'Multiplies constant factors, such as those of a folded BatchNormalization, into the weights of the convolution or ' +
    'product next to them, and adds constant shifts to its bias: the operator disappears at no cost. Weights are computed ' +
    'in double precision while the engine is built and rounded once.',
  measure: 'number of scales and shifts, then of shifts in front of scales',
  // Neutral ones are looked for last of the cheap: whether a constant is one takes computing it.
  rules: [scaleIntoConv, scaleIntoProduct, neutral, scaleChain, scaleIntoUser],
};
