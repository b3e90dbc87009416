import type { ValueId } from '../ir/graph.ts';
import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';

/** Concat of quantized tensors, each with its own scale. */
export default rewritten(
  'com.microsoft',
  'QLinearConcat',
  [5, Number.MAX_SAFE_INTEGER],
  [1, 1],
  { axis: { type: 'int', required: true } },
  (graph, node) => {
    const parts: ValueId[] = [];
    for (let i = 2; i < node.inputs.length; i += 3) parts.push(dequantized(graph, node, i));
    quantizes(graph, node, compute(graph, node, 'Concat', parts, node.attrs), node.inputs[0]!, node.inputs[1]);
  },
);
