import { sameShape } from '../../ir/dim.ts';
import type { Node } from '../../ir/graph.ts';
import { chainText } from '../body.ts';
import { isConstant, shapeOf, usedOnce } from '../match.ts';
import type { Rule } from '../pass.ts';
import { isArithmetic } from '../pointwise-ops.ts';
import { broadcastsTo, fusedNode } from '../region.ts';

/** Scale and mask in front of a softmax that is no attention. */
export const softmaxPrologue: Rule = {
  name: 'softmax-prologue',
  title: 'Elementwise + Softmax',
  anchors: ['Softmax', 'LogSoftmax'],
  rewrite(softmax, ctx) {
    const { graph } = ctx;
    const shape = shapeOf(graph, softmax.inputs[0]);
    if (!shape) return null;
    const chain: Node[] = [softmax];
    for (let v = softmax.inputs[0]!; ; ) {
      const p = graph.producer(v);
      if (!p || !isArithmetic(p)) break;
      if (!usedOnce(graph, v)) {
        if (chain.length > 1) break;
        return { refused: 'output-read', args: { n: graph.useCount(v) } };
      }
      const operands = p.inputs.filter((x) => x !== null && !isConstant(graph, x));
      const main = operands.find((x) => sameShape(shapeOf(graph, x) ?? [], shape));
      if (main === undefined || main === null || !operands.every((x) => broadcastsTo(shapeOf(graph, x), shape))) break;
      chain.unshift(p);
      v = main;
    }
    if (chain.length === 1) return null;
    return {
      remove: chain.map((n) => n.id),
      add: [fusedNode(ctx, 'Softmax', chain, softmax.outputs, softmax.name)],
      note: chainText(chain),
    };
  },
};
