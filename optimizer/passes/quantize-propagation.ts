import { dead } from './clean-up/dead.ts';
import { foldConstant } from './clean-up/fold-constant.ts';
import type { Pass } from './pass.ts';
import { dequantizeForward } from './quantize/dequantize-forward.ts';
import { quantizePair } from './quantize/pair.ts';
import { quantizeBackward } from './quantize/quantize-backward.ts';

export const quantizePropagation: Pass = {
  name: 'quantize-propagation',
  title: 'Q/DQ propagation',
  doc:
    'In a model that comes quantized, dequantizations move towards the outputs and quantizations towards the inputs, over ' +
    'operators that only move numbers, where the result is the same to the bit. A dequantization that meets a quantization ' +
    'with its own scale and zero point cancels. What the model rounds stays rounded: nothing else is moved or dropped.',
  measure: 'operators that move numbers between a dequantization and a quantization',
  rules: [dead, quantizePair, dequantizeForward, quantizeBackward, foldConstant],
};
