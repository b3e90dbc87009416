import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';

/** Add of two quantized tensors; the result is quantized. */
export default rewritten('com.microsoft', 'QLinearAdd', [7, 8], [1, 1], {}, (graph, node) => {
  const operands = [dequantized(graph, node, 0), dequantized(graph, node, 3)];
  quantizes(graph, node, compute(graph, node, 'Add', operands), node.inputs[6]!, node.inputs[7]);
});
