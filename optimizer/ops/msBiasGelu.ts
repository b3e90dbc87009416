import { become, rewritten } from './common/rewritten.ts';
import { addHelper } from './common/upgrades.ts';

export default rewritten('com.microsoft', 'BiasGelu', [2, 2], [1, 1], {}, (graph, node) =>
  become(graph, node, 'Gelu', [addHelper(graph, node, 'Add', node.inputs)]),
);
