import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';
import { inputType } from './common/upgrades.ts';
import { OpError } from './op.ts';

/** Softmax of a quantized tensor along one axis. */
export default rewritten(
  'com.microsoft',
  'QLinearSoftmax',
  [4, 5],
  [1, 1],
  { axis: { type: 'int', default: -1 }, opset: { type: 'int', required: true } },
  (graph, node) => {
    const axis = (node.attrs.axis as number | undefined) ?? -1;
    const rank = inputType(graph, node, 0)?.shape?.length;
    // Before operator set 13 all axes from this one on counted as one.
    if ((node.attrs.opset as number) < 13 && axis !== -1 && axis !== (rank ?? 0) - 1) {
      throw new OpError('is of an operator set below 13 and not along the last axis');
    }
    const real = compute(graph, node, 'Softmax', [dequantized(graph, node, 0)], { axis });
    quantizes(graph, node, real, node.inputs[3]!, node.inputs[4]);
  },
);
