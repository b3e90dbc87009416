import type { Pass } from './pass.ts';
import { quantizedPointwise, requantize } from './quantize/pointwise.ts';
import { quantizedPool, quantizedResize } from './quantize/pool.ts';
import { quantizedProduct } from './quantize/product.ts';

export const quantizeFusion: Pass = {
  name: 'quantize-fusion',
  title: 'Q/DQ fusion',
  doc:
    'A layer whose operands come from dequantizations, and whose result goes into a quantization, becomes one layer on 8-bit ' +
    'integers: convolutions and products sum them exactly in 32 bits, with a scale per output channel, and bias, activation ' +
    "and rounding follow in registers. Scales and zero points are the model's.",
  measure: 'operators between a dequantization and a quantization',
  rules: [quantizedProduct, quantizedPool, quantizedResize, quantizedPointwise, requantize],
};
