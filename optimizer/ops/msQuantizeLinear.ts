import { become, rewritten } from './common/rewritten.ts';

/** The standard operator, which ONNX Runtime also offers for 16-bit types in its own domain. */
export default rewritten('com.microsoft', 'QuantizeLinear', [2, 3], [1, 1], { axis: { type: 'int' } }, (graph, node) =>
  become(graph, node, 'QuantizeLinear', node.inputs, node.attrs),
);
