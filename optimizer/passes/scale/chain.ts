import type { Node } from '../../ir/graph.ts';
import { countOf, LITERAL_LIMIT, toNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { castWeight } from '../../ir/weights.ts';
import { dtypeOf, onlyUser, sourcesOf } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';
import { broadcast, evaluated } from '../wide.ts';
import { AFFINE_OPS, affineOf } from './affine.ts';

/** Elements that a combined constant may have, if neither of the two has as many. */
const LIMIT = 65_536;

const all = (ctx: PassContext, w: WeightExpr | null, x: number): boolean => {
  if (w === null) return true;
  if (countOf(w.shape) > LITERAL_LIMIT) return false;
  const literal = ctx.evaluator.literal(w);
  return literal !== null && toNumbers(literal).every((y) => y === x);
};

/** x · 1 and x + 0. */
export const neutral: Rule = {
  name: 'neutral-scale',
  title: 'Multiplication by one or addition of zero removed',
  anchors: AFFINE_OPS,
  rewrite(node, ctx) {
    const a = affineOf(ctx, node);
    if (!a || !all(ctx, a.factor, 1) || !all(ctx, a.shift, 0)) return null;
    return {
      remove: [node.id],
      add: [],
      replace: new Map([[node.outputs[0]!, a.x]]),
      note: a.factor ? `${node.op} by one` : `${node.op} of zero`,
    };
  },
};

/** Two scales, two shifts, or a shift before a scale: at most one scale, then one shift. */
export const scaleChain: Rule = {
  name: 'scale-chain',
  title: 'Chain of scales and shifts → one of each',
  anchors: AFFINE_OPS,
  rewrite(node, ctx) {
    const { graph } = ctx;
    const second = affineOf(ctx, node);
    const before = second && graph.producer(second.x);
    const first = before ? affineOf(ctx, before) : null;
    if (!second || !before || !first) return null;
    const shorter =
      (first.factor !== null && second.factor !== null) ||
      (first.shift !== null && second.shift !== null) ||
      (first.shift !== null && second.factor !== null);
    if (!shorter) return null;
    if (onlyUser(graph, second.x) === null) return { refused: 'output-read', args: { n: graph.useCount(second.x) } };
    for (const [a, b] of [
      [first.factor, second.factor],
      [first.shift, second.factor],
      [first.shift, second.shift],
    ] as const) {
      const shape = a && b ? broadcast(a.shape, b.shape) : [];
      const had = Math.max(LIMIT, countOf(a?.shape ?? []), countOf(b?.shape ?? []));
      if (shape === null || countOf(shape) > had) {
        return { refused: 'too-large', args: { elements: shape ? countOf(shape) : '?', limit: LIMIT } };
      }
    }
    const mul = (a: WeightExpr | null, b: WeightExpr | null) => (a && b ? evaluated('Mul', [a, b]) : null);
    const factor = mul(first.factor, second.factor) ?? first.factor ?? second.factor;
    const moved = mul(first.shift, second.factor) ?? first.shift;
    const shift = moved && second.shift ? evaluated('Add', [moved, second.shift]) : (moved ?? second.shift);
    return emit(ctx, [before, node], first.x, factor, shift);
  },
};

/** Mul by the factor, then Add of the shift, in place of the nodes. */
function emit(
  ctx: PassContext,
  nodes: readonly [Node, Node],
  x: number,
  factor: WeightExpr | null,
  shift: WeightExpr | null,
) {
  const { graph } = ctx;
  const [before, node] = nodes;
  const out = graph.value(node.outputs[0]!);
  const dtype = dtypeOf(graph, out.id);
  const common = { domain: '', attrs: {}, source: sourcesOf(before, node), name: node.name };
  const constant = (w: WeightExpr): number => ctx.constant(castWeight(w, dtype)).id;
  const middle = factor && shift ? ctx.value({ name: '', type: out.type }).id : x;
  const add = [
    ...(factor ? [{ ...common, op: 'Mul', inputs: [x, constant(factor)], outputs: [shift ? middle : out.id] }] : []),
    ...(shift ? [{ ...common, op: 'Add', inputs: [middle, constant(shift)], outputs: [out.id] }] : []),
  ];
  return { remove: [before.id, node.id], add, note: `${before.op} and ${node.op} by constants` };
}
