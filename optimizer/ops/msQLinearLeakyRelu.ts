import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';

/** LeakyRelu of a quantized tensor. */
export default rewritten(
  'com.microsoft',
  'QLinearLeakyRelu',
  [4, 5],
  [1, 1],
  { alpha: { type: 'float', default: 0.01 } },
  (graph, node) => {
    const real = compute(graph, node, 'LeakyRelu', [dequantized(graph, node, 0)], node.attrs);
    quantizes(graph, node, real, node.inputs[3]!, node.inputs[4]);
  },
);
