import { become, rewritten } from './common/rewritten.ts';

export default rewritten('com.microsoft', 'Trilu', [1, 2], [1, 1], { upper: { type: 'int' } }, (graph, node) =>
  become(graph, node, 'Trilu', node.inputs, { upper: Number(node.attrs.upper ?? 1) }),
);
