import type { AttrValue, Node } from '../../ir/graph.ts';
import {
  attrInt,
  attrInts,
  attrText,
  axisOf,
  numbersOf,
  producerOf,
  rankOf,
  scalarOf,
  sourcesOf,
  usedOnce,
} from '../match.ts';
import type { PassContext, Refusal, Rule } from '../pass.ts';

const LOWEST = -3.4e38;
/** Results of these are never negative, so a zero in the padding never wins a maximum. */
const NON_NEGATIVE = ['Relu', 'Sigmoid', 'Abs', 'Exp', 'Softplus', 'HardSigmoid', 'Softmax'];

/** Explicit padding in front of a convolution or pooling becomes the padding of its window. */
export const padIntoWindow: Rule = {
  name: 'pad-into-window',
  title: 'Pad → padding of the layer behind it',
  anchors: ['Conv', 'AveragePool', 'MaxPool'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const pad = producerOf(graph, node.inputs[0], 'Pad');
    const rank = rankOf(graph, node.inputs[0]);
    if (!pad || rank === null) return null;
    const mode = attrText(pad, 'mode', 'constant');
    if (mode !== 'constant') return { refused: 'other-padding', args: { mode, op: node.op } };
    const pads = padsOf(pad, rank, ctx);
    if (!pads) return { refused: 'dynamic-shape', args: { shape: 'of the padding' } };
    const outside = (i: number): boolean => i % rank < 2;
    if (pads.some((p, i) => p < 0 || (p > 0 && outside(i)))) return { refused: 'padding-axes' };
    const auto = attrText(node, 'auto_pad', 'NOTSET');
    if (auto !== 'NOTSET' && auto !== 'VALID') return { refused: 'auto-padding', args: { mode: auto } };
    const spatial = pads.filter((_, i) => !outside(i));
    const own = attrInts(node, 'pads') ?? spatial.map(() => 0);
    const more = valueFits(node, pad, own, spatial, ctx);
    if ('refused' in more) return more;
    const { auto_pad: _, ...attrs } = node.attrs;
    const alone = usedOnce(graph, pad.outputs[0]!);
    const inputs = [pad.inputs[0]!, ...node.inputs.slice(1)];
    return {
      remove: alone ? [pad.id, node.id] : [node.id],
      add: [
        {
          ...node,
          attrs: { ...attrs, ...more.extra, pads: own.map((p, i) => p + spatial[i]!) },
          inputs,
          source: sourcesOf(pad, node),
        },
      ],
      note: `padding ${spatial.join(', ')} becomes part of ${node.op}`,
    };
  },
};

/** Begins and ends for every axis. */
function padsOf(pad: Node, rank: number, ctx: PassContext): number[] | null {
  const given = numbersOf(ctx, pad.inputs[1]) ?? attrInts(pad, 'pads');
  if (!given) return null;
  const axes = pad.inputs[3] ? numbersOf(ctx, pad.inputs[3]) : Array.from({ length: rank }, (_, i) => i);
  if (!axes || given.length !== 2 * axes.length) return null;
  const out = new Array<number>(2 * rank).fill(0);
  axes.forEach((a, i) => {
    out[axisOf(a, rank)] = given[i]!;
    out[axisOf(a, rank) + rank] = given[i + axes.length]!;
  });
  return out;
}

/** Further attributes that make the window's own padding mean the same, or why nothing does. */
function valueFits(
  node: Node,
  pad: Node,
  own: readonly number[],
  spatial: readonly number[],
  ctx: PassContext,
): { readonly extra: Readonly<Record<string, AttrValue>> } | Refusal {
  const value = pad.inputs[2] ? scalarOf(ctx, pad.inputs[2]) : 0;
  const wrong: Refusal = { refused: 'padding-value', args: { value: value ?? '?', op: node.op } };
  if (value === null) return wrong;
  if (node.op === 'Conv') return value === 0 ? { extra: {} } : wrong;
  if (attrInt(node, 'ceil_mode', 0) !== 0) return { refused: 'other-padding', args: { mode: 'ceil', op: node.op } };
  if (node.op === 'AveragePool') {
    const counts = attrInt(node, 'count_include_pad', 0) === 1 || own.every((p) => p === 0);
    return value === 0 && counts ? { extra: { count_include_pad: 1 } } : wrong;
  }
  if (value <= LOWEST) return { extra: {} };
  // Every window must hold a real element, and a zero must not exceed it.
  const kernel = attrInts(node, 'kernel_shape') ?? [];
  const met = spatial.every((p, i) => p + own[i]! < kernel[i % kernel.length]!);
  return value === 0 && met && own.every((p) => p === 0) && producerOf(ctx.graph, pad.inputs[0], ...NON_NEGATIVE)
    ? { extra: {} }
    : wrong;
}
