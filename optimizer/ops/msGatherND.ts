import { become, rewritten } from './common/rewritten.ts';

export default rewritten('com.microsoft', 'GatherND', [2, 2], [1, 1], {}, (graph, node) =>
  become(graph, node, 'GatherND', node.inputs, { batch_dims: 0 }),
);
