import { become, rewritten } from './common/rewritten.ts';

export default rewritten('com.microsoft', 'Gelu', [1, 1], [1, 1], {}, (graph, node) =>
  become(graph, node, 'Gelu', node.inputs),
);
