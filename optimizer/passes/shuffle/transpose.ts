import { shapeConstant, targetOf } from '../canonical/reshape.ts';
import { attrInts, producerOf, shapeOf, sourcesOf, usedOnce } from '../match.ts';
import type { Rule } from '../pass.ts';

/** A transpose of a transpose is one, or none. */
export const transposePair: Rule = {
  name: 'transpose-pair',
  title: 'Two transposes → one or none',
  anchors: ['Transpose'],
  rewrite(node, { graph }) {
    const before = producerOf(graph, node.inputs[0], 'Transpose');
    const outer = attrInts(node, 'perm');
    const inner = before && attrInts(before, 'perm');
    if (!before || !outer || !inner) return null;
    const perm = outer.map((i) => inner[i]!);
    const alone = usedOnce(graph, before.outputs[0]!);
    const remove = alone ? [before.id, node.id] : [node.id];
    if (perm.every((p, i) => p === i)) {
      return {
        remove,
        add: [],
        replace: new Map([[node.outputs[0]!, before.inputs[0]!]]),
        note: 'two transposes cancel each other',
      };
    }
    const source = alone ? sourcesOf(before, node) : node.source;
    return {
      remove,
      add: [{ ...node, attrs: { perm }, inputs: before.inputs, source }],
      note: 'two transposes in a row',
    };
  },
};

/** Only axes of length one change their place: the elements keep their order. */
export const transposeAsReshape: Rule = {
  name: 'transpose-as-reshape',
  title: 'Transpose that moves no element → Reshape',
  anchors: ['Transpose'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const perm = attrInts(node, 'perm');
    const from = shapeOf(graph, node.inputs[0]);
    const to = shapeOf(graph, node.outputs[0]);
    if (!perm || !from || !to) return null;
    const moved = perm.filter((p) => from[p] !== 1);
    if (!moved.every((p, i) => i === 0 || p > moved[i - 1]!)) return null;
    const target = targetOf(from, to);
    if (!target) return null;
    return {
      remove: [node.id],
      add: [{ ...node, op: 'Reshape', attrs: {}, inputs: [node.inputs[0]!, shapeConstant(ctx, target)] }],
      note: `Transpose ${perm.join(', ')} moves only axes of length one`,
    };
  },
};
