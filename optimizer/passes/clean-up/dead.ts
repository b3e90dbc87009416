import type { Rule } from '../pass.ts';

export const dead: Rule = {
  name: 'dead-node',
  title: 'Unused operator removed',
  anchors: null,
  rewrite(node, { graph }) {
    if (node.outputs.some((v) => graph.useCount(v) > 0)) return null;
    return { remove: [node.id], add: [], note: `${node.op} computes something that nothing reads` };
  },
};
