import { compute, dequantize } from './common/integerForm.ts';
import { become, rewritten } from './common/rewritten.ts';

/** MatMul of quantized matrices and a float32 bias; the result is float32. */
export default rewritten('com.microsoft', 'MatMulIntegerToFloat', [4, 7], [1, 1], {}, (graph, node) => {
  const [a, b, aScale, bScale, aZero, bZero, bias] = node.inputs;
  const operands = [dequantize(graph, node, a!, aScale!, aZero, -2), dequantize(graph, node, b!, bScale!, bZero, -1)];
  if (bias === null || bias === undefined) return become(graph, node, 'MatMul', operands);
  become(graph, node, 'Add', [compute(graph, node, 'MatMul', operands), bias]);
});
