import { become, rewritten } from './common/rewritten.ts';
import { addHelper } from './common/upgrades.ts';

/** The tanh form, with an optional bias. */
export default rewritten('com.microsoft', 'FastGelu', [1, 2], [1, 1], {}, (graph, node) => {
  const x = node.inputs[1] == null ? node.inputs[0]! : addHelper(graph, node, 'Add', node.inputs);
  become(graph, node, 'Gelu', [x], { approximate: 'tanh' });
});
