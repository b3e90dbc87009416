import type { Shape } from '../../ir/dim.ts';
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

/** For each axis of `to` the axes of `from` that it joins, in their order; null where an axis is split or open. */
function joinedAxes(from: Shape, to: Shape): number[][] | null {
  const groups: number[][] = [];
  let at = 0;
  for (const [i, extent] of to.entries()) {
    const group: number[] = [];
    let product = 1;
    const last = i === to.length - 1;
    while (at < from.length && (product !== extent || group.length === 0 || last)) {
      const d = from[at];
      if (typeof d !== 'number') return null;
      product *= d;
      group.push(at++);
    }
    if (product !== extent || group.length === 0) return null;
    groups.push(group);
  }
  return at === from.length ? groups : null;
}

/**
 * A convolution's image flattened to a row of pixels, then transposed: transposed first, its elements lie as a kernel that writes
 * channels last leaves them.
 */
export const transposeBeforeFlatten: Rule = {
  name: 'transpose-before-flatten',
  title: 'Transpose of a flattened image moved before the reshape',
  anchors: ['Transpose'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const perm = attrInts(node, 'perm');
    const reshape = producerOf(graph, node.inputs[0], 'Reshape');
    if (!perm || !reshape || !usedOnce(graph, reshape.outputs[0]!)) return null;
    const image = reshape.inputs[0];
    const conv = producerOf(graph, image, 'Conv');
    const from = shapeOf(graph, image);
    const flat = shapeOf(graph, reshape.outputs[0]);
    if (!conv || !from || from.length !== 4 || !flat) return null;
    const groups = joinedAxes(from, flat);
    const order = groups && perm.flatMap((p) => groups[p]!);
    // Only where channels come last: other orders gain nothing.
    if (!order || String(order) !== '0,2,3,1') return null;
    const type = graph.value(image!).type;
    const turned = ctx.value({ name: '', type: { dtype: type.dtype, shape: order.map((a) => from[a]!) } });
    const target = perm.map((p) => flat[p] as number);
    return {
      remove: [reshape.id, node.id],
      add: [
        { ...node, attrs: { perm: order }, inputs: [image!], outputs: [turned.id] },
        { ...reshape, inputs: [turned.id, shapeConstant(ctx, target)], outputs: node.outputs },
      ],
      note: `Transpose ${perm.join(', ')} moved before the reshape`,
    };
  },
};
