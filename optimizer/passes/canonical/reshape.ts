import { type Shape, sameDim, shapeText } from '../../ir/dim.ts';
import type { ValueId } from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import { literalWeight } from '../../ir/weights.ts';
import { attrInt, isConstant, onlyUser, producerOf, shapeOf, sourcesOf } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';

const FAMILY = ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'];

/** The constant target that gives `to` from `from`: 0 copies a dimension, at most one -1; null when that cannot say it. */
export function targetOf(from: Shape, to: Shape): readonly number[] | null {
  let open = 0;
  const target = to.map((d, i) => {
    if (typeof d === 'number') return d;
    if (i < from.length && sameDim(from[i]!, d)) return 0;
    open++;
    return -1;
  });
  return open > 1 || to.some((d) => d === 0) ? null : target;
}

export const shapeConstant = (ctx: PassContext, target: readonly number[]): ValueId =>
  ctx.constant(literalWeight(fromNumbers('int64', [target.length], target))).id;

/** Squeeze, Unsqueeze, Flatten, and Reshape to a computed shape: Reshape to a constant one. */
const toReshape: Rule = {
  name: 'shape-operator-to-reshape',
  title: 'Squeeze, Unsqueeze or Flatten → Reshape',
  anchors: FAMILY,
  rewrite(node, ctx) {
    const { graph } = ctx;
    if (node.op === 'Reshape' && isConstant(graph, node.inputs[1])) return null;
    const from = shapeOf(graph, node.inputs[0]);
    const to = shapeOf(graph, node.outputs[0]);
    if (!from || !to) return { refused: 'dynamic-shape', args: { shape: shapeText(to) } };
    const target = targetOf(from, to);
    if (!target) return { refused: 'dynamic-shape', args: { shape: shapeText(to) } };
    const inputs = [node.inputs[0]!, shapeConstant(ctx, target)];
    return {
      remove: [node.id],
      add: [{ ...node, op: 'Reshape', attrs: {}, inputs }],
      note: `${node.op} from ${shapeText(from)} to ${shapeText(to)}`,
    };
  },
};

/** A Reshape of a Reshape needs only the last shape. */
const chain: Rule = {
  name: 'reshape-chain',
  title: 'Chain of reshapes → one',
  anchors: ['Reshape'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const before = producerOf(graph, node.inputs[0], 'Reshape');
    if (!before) return null;
    const value = before.outputs[0]!;
    if (onlyUser(graph, value) === null) return { refused: 'output-read', args: { n: graph.useCount(value) } };
    const from = shapeOf(graph, before.inputs[0]);
    const to = shapeOf(graph, node.outputs[0]);
    const target = from && to ? targetOf(from, to) : null;
    if (!target || attrInt(node, 'allowzero', 0) === 1)
      return { refused: 'dynamic-shape', args: { shape: shapeText(to) } };
    const inputs = [before.inputs[0]!, shapeConstant(ctx, target)];
    return {
      remove: [before.id, node.id],
      add: [{ ...node, inputs, source: sourcesOf(before, node) }],
      note: `two reshapes, from ${shapeText(from)} to ${shapeText(to)}`,
    };
  },
};

export const reshapes: readonly Rule[] = [toReshape, chain];
