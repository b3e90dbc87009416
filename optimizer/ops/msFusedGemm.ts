import { become, rewritten, thenActivate } from './common/rewritten.ts';
import { withoutAttrs } from './common/upgrades.ts';

export default rewritten(
  'com.microsoft',
  'FusedGemm',
  [2, 3],
  [1, 1],
  {
    alpha: { type: 'float' },
    beta: { type: 'float' },
    transA: { type: 'int' },
    transB: { type: 'int' },
    activation: { type: 'string' },
    activation_alpha: { type: 'float' },
    activation_beta: { type: 'float' },
  },
  (graph, node) => {
    const { activation = '', activation_alpha: a, activation_beta: b, ...attrs } = node.attrs;
    become(graph, node, 'Gemm', node.inputs, withoutAttrs(attrs, 'activation_gamma'));
    const parameters = [a, b].filter((p) => typeof p === 'number');
    thenActivate(graph, graph.node(node.id), activation as string, parameters);
  },
);
