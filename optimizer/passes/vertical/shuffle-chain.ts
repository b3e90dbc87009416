import { FUSED_DOMAIN } from '../../ir/fused.ts';
import type { Node } from '../../ir/graph.ts';
import { chainText } from '../body.ts';
import { onlyUser, usedOnce } from '../match.ts';
import type { Rule } from '../pass.ts';
import { fusedNode } from '../region.ts';

const MOVES = new Set(['Reshape', 'Transpose']);
const isMove = (n: Node | undefined): n is Node =>
  n !== undefined && ((n.domain === '' && MOVES.has(n.op)) || (n.domain === FUSED_DOMAIN && n.op === 'Shuffle'));

/** Reshapes and transposes behind each other move every element once. */
export const shuffleChain: Rule = {
  name: 'shuffle-chain',
  title: 'Reshape + Transpose → shuffle',
  anchors: ['Reshape', 'Transpose', `${FUSED_DOMAIN}.Shuffle`],
  rewrite(node, ctx) {
    const { graph } = ctx;
    // The last of a chain takes the whole chain.
    if (isMove(onlyUser(graph, node.outputs[0]!) ?? undefined)) return null;
    const chain: Node[] = [node];
    for (let at = graph.producer(node.inputs[0]!); isMove(at); at = graph.producer(at.inputs[0]!)) {
      if (!usedOnce(graph, at.outputs[0]!)) {
        if (chain.length > 1) break;
        return { refused: 'output-read', args: { n: graph.useCount(at.outputs[0]!) } };
      }
      chain.unshift(at);
    }
    if (chain.length < 2) return null;
    return {
      remove: chain.map((n) => n.id),
      add: [fusedNode(ctx, 'Shuffle', chain, node.outputs, node.name)],
      note: chainText(chain),
    };
  },
};
