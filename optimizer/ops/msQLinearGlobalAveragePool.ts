import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';
import { addInts, inputType } from './common/upgrades.ts';
import { OpError } from './op.ts';

/** GlobalAveragePool of a quantized tensor; with channels_last it is a mean over all axes between. */
export default rewritten(
  'com.microsoft',
  'QLinearGlobalAveragePool',
  [4, 5],
  [1, 1],
  { channels_last: { type: 'int' } },
  (graph, node) => {
    const x = dequantized(graph, node, 0);
    const rank = inputType(graph, node, 0)?.shape?.length;
    if (node.attrs.channels_last && rank === undefined)
      throw new OpError('has channels last and an input of unknown rank');
    const axes = (): number[] => Array.from({ length: rank! - 2 }, (_, i) => i + 1);
    const real = node.attrs.channels_last
      ? compute(graph, node, 'ReduceMean', [x, addInts(graph, axes())], { keepdims: 1 })
      : compute(graph, node, 'GlobalAveragePool', [x]);
    quantizes(graph, node, real, node.inputs[3]!, node.inputs[4]);
  },
);
