import type { Pass } from './pass.ts';
import { quantizedConstant } from './quantize/constants.ts';

export const quantizeConstants: Pass = {
  name: 'quantize-constants',
  title: 'Quantized constants',
  doc:
    'Weights and biases of convolutions and products on integers stay integers. Every other quantized constant (weights of ' +
    'a layer whose input is floating point, or of an operator without an integer kernel) is turned into floating point once.',
  measure: 'quantized constants',
  rules: [quantizedConstant],
};
