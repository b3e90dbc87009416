import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';

/** Sigmoid of a quantized tensor. */
export default rewritten('com.microsoft', 'QLinearSigmoid', [4, 5], [1, 1], {}, (graph, node) => {
  const real = compute(graph, node, 'Sigmoid', [dequantized(graph, node, 0)]);
  quantizes(graph, node, real, node.inputs[3]!, node.inputs[4]);
});
