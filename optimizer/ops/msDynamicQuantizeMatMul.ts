import { compute, dequantize, dynamicQuantization } from './common/integerForm.ts';
import { become, rewritten } from './common/rewritten.ts';
import { addHelper } from './common/upgrades.ts';

/** MatMul with a quantized matrix, the other operand quantized by its range while running. */
export default rewritten('com.microsoft', 'DynamicQuantizeMatMul', [3, 5], [1, 1], {}, (graph, node) => {
  const [a, b, bScale, bZero, bias] = node.inputs;
  const q = dynamicQuantization(graph, node, a!);
  const integers = graph.addValue({ name: '', type: { dtype: 'uint8', shape: null } });
  addHelper(graph, node, 'QuantizeLinear', [a!, q.scale, q.zero], {}, integers.id);
  const left = dequantize(graph, node, integers.id, q.scale, q.zero);
  const operands = [left, dequantize(graph, node, b!, bScale!, bZero, -1)];
  if (bias === null || bias === undefined) return become(graph, node, 'MatMul', operands);
  become(graph, node, 'Add', [compute(graph, node, 'MatMul', operands), bias]);
});
