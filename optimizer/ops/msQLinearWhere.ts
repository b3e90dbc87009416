import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';

/** Where of two quantized tensors. */
export default rewritten('com.microsoft', 'QLinearWhere', [9, 9], [1, 1], {}, (graph, node) => {
  const operands = [node.inputs[0]!, dequantized(graph, node, 1), dequantized(graph, node, 4)];
  quantizes(graph, node, compute(graph, node, 'Where', operands), node.inputs[7]!, node.inputs[8]);
});
