import { foldConstant } from './clean-up/fold-constant.ts';
import type { Pass } from './pass.ts';
import { blockedScales } from './quantize/blocks.ts';
import { quantizedConstant } from './quantize/constants.ts';

export const quantizeConstants: Pass = {
  name: 'quantize-constants',
  title: 'Quantized constants',
  doc:
    'Weights and biases of convolutions and products on integers stay integers. Every other quantized constant (weights of ' +
    'a layer whose input is floating point, or of an operator without an integer kernel) is turned into floating point once. Scales of blocks become ' +
    'arithmetic.',
  measure: 'quantized constants',
  rules: [blockedScales, quantizedConstant, foldConstant],
};
