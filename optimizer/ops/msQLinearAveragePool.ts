import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { rewritten } from './common/rewritten.ts';
import { withoutAttrs } from './common/upgrades.ts';
import { windowAttrs } from './common/window.ts';
import { OpError } from './op.ts';

/** AveragePool of a quantized tensor, channels second. */
export default rewritten(
  'com.microsoft',
  'QLinearAveragePool',
  [4, 5],
  [1, 1],
  { ...windowAttrs, ceil_mode: { type: 'int' }, count_include_pad: { type: 'int' }, channels_last: { type: 'int' } },
  (graph, node) => {
    if (node.attrs.channels_last) throw new OpError('has its channels last, a form that is not read');
    const attrs = withoutAttrs(node.attrs, 'channels_last');
    const real = compute(graph, node, 'AveragePool', [dequantized(graph, node, 0)], attrs);
    quantizes(graph, node, real, node.inputs[3]!, node.inputs[4]);
  },
);
