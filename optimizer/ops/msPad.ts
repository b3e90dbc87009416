import { become, rewritten } from './common/rewritten.ts';

export default rewritten('com.microsoft', 'Pad', [2, 3], [1, 1], { mode: { type: 'string' } }, (graph, node) =>
  become(graph, node, 'Pad', node.inputs, { mode: node.attrs.mode ?? 'constant' }),
);
