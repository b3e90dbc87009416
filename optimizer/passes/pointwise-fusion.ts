import { FUSED_DOMAIN } from '../ir/fused.ts';
import type { Node } from '../ir/graph.ts';
import { chainText } from './body.ts';
import type { Pass, Rule } from './pass.ts';
import { isPointwise, POINTWISE_OPS } from './pointwise-ops.ts';
import { fusedNode, grow } from './region.ts';

const accept = (n: Node): boolean =>
  isPointwise(n) || (n.domain === FUSED_DOMAIN && n.op === 'Pointwise' && n.outputs.length === 1);

const chain: Rule = {
  name: 'pointwise-chain',
  title: 'Elementwise operators → one kernel',
  anchors: [...POINTWISE_OPS, `${FUSED_DOMAIN}.Pointwise`],
  rewrite(node, ctx) {
    if (!accept(node)) return null;
    const region = grow(ctx, node, { accept, sameType: false, producers: true });
    if (region === null || 'refused' in region) return region;
    return {
      remove: region.nodes.map((n) => n.id),
      add: [fusedNode(ctx, 'Pointwise', region.nodes, [region.output], region.nodes.at(-1)!.name)],
      note: chainText(region.nodes),
    };
  },
};

export const pointwiseFusion: Pass = {
  name: 'pointwise-fusion',
  title: 'Pointwise fusion',
  doc:
    'Elementwise operators that follow each other become one generated kernel, whatever their number: each element is read ' +
    'once, goes through the whole chain in registers and is written once. Branches that meet again, as in x · sigmoid(x), ' +
    'are taken whole; a result that others read too ends the chain.',
  measure: 'number of nodes',
  rules: [chain],
};
