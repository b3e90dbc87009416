import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';
import { addInts } from './common/upgrades.ts';

/** ReduceMean of a quantized tensor. */
export default rewritten(
  'com.microsoft',
  'QLinearReduceMean',
  [4, 5],
  [1, 1],
  { axes: { type: 'ints', required: true }, keepdims: { type: 'int', default: 1 } },
  (graph, node) => {
    const axes = addInts(graph, node.attrs.axes as readonly number[]);
    const keepdims = node.attrs.keepdims ?? 1;
    const real = compute(graph, node, 'ReduceMean', [dequantized(graph, node, 0), axes], { keepdims });
    quantizes(graph, node, real, node.inputs[3]!, node.inputs[4]);
  },
);
