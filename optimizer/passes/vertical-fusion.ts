import type { Pass } from './pass.ts';
import { activationThroughConcat } from './vertical/activation-through-concat.ts';
import { epilogues } from './vertical/epilogues.ts';
import { shuffleChain } from './vertical/shuffle-chain.ts';
import { softmaxPrologue } from './vertical/softmax-prologue.ts';

export const verticalFusion: Pass = {
  name: 'vertical-fusion',
  title: 'Vertical fusion',
  doc:
    'Joins an operator that computes much with the cheap ones behind it: a convolution with its bias, the sum with a ' +
    'shortcut and the activation, a matrix product likewise. The intermediate results then stay in registers instead of ' +
    'going through memory. Where two convolutions meet in a sum, the later one takes it, because the other is ready by then.',
  measure: 'activations behind concatenations, then number of nodes',
  rules: [activationThroughConcat, ...epilogues, softmaxPrologue, shuffleChain],
};
