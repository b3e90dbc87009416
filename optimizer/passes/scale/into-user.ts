import type { Node } from '../../ir/graph.ts';
import { countOf, fromNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { castWeight, evaluateWeight, literalWeight } from '../../ir/weights.ts';
import { attrInt, attrInts, attrText, onlyUser, rankOf, sourcesOf, weightOf } from '../match.ts';
import type { PassContext, Refusal, Rule } from '../pass.ts';
import { scaled, wide } from '../wide.ts';
import { affineOf, perChannel } from './affine.ts';

/** A factor (without padding also a shift) per input channel in front of a convolution or product. */
export const scaleIntoUser: Rule = {
  name: 'scale-before-layer',
  title: 'Scale in front of a layer → its weights',
  anchors: ['Conv', 'MatMul', 'Gemm'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const before = graph.producer(node.inputs[0]!);
    const a = before ? affineOf(ctx, before) : null;
    if (!before || !a) return null;
    const w = weightOf(graph, node.inputs[1]);
    if (!w) return { refused: 'weights-not-constant' };
    const value = before.outputs[0]!;
    if (onlyUser(graph, value) === null) return { refused: 'output-read', args: { n: graph.useCount(value) } };
    const place = node.op === 'Conv' ? convPlace(node, w) : productPlace(ctx, node, w);
    if (place === null || 'refused' in place) return place;
    const rank = rankOf(graph, value)!;
    const axis = node.op === 'Conv' ? 1 : rank - 1;
    const factor = a.factor && perChannel(a.factor, rank, axis, place.channels);
    const shift = a.shift && perChannel(a.shift, rank, axis, place.channels);
    if ((a.factor && !factor) || (a.shift && !shift)) {
      return { refused: 'not-per-channel', args: { shape: (a.factor ?? a.shift)!.shape.join('×') || 'scalar' } };
    }
    const inputs = [...node.inputs];
    inputs[0] = a.x;
    if (shift) {
      const bias = node.op === 'Conv' ? shiftedBias(ctx, node, w, shift) : null;
      // Behind a product an addition costs nothing, and in front of it only this rule would remove it.
      if (bias === null) return null;
      if ('refused' in bias) return bias;
      inputs[2] = ctx.constant(bias).id;
    }
    if (factor) inputs[1] = ctx.constant(scaled(w, place.axis, factor, null), graph.value(node.inputs[1]!).name).id;
    return {
      remove: [before.id, node.id],
      add: [{ ...node, inputs, source: sourcesOf(before, node) }],
      note: `${before.op} in front of ${node.op} folded into ${shift ? 'weights and bias' : 'the weights'}`,
    };
  },
};

/** The axis of the weights that counts input channels. */
interface Place {
  readonly axis: number;
  readonly channels: number;
}

function convPlace(node: Node, w: WeightExpr): Place | Refusal {
  const group = attrInt(node, 'group', 1);
  if (group === 1) return { axis: 1, channels: w.shape[1]! };
  if (w.shape[1] === 1 && w.shape[0] === group) return { axis: 0, channels: group };
  return { refused: 'group-scale', args: { group } };
}

function productPlace({ graph }: PassContext, node: Node, w: WeightExpr): Place | null {
  if (w.shape.length !== 2 || attrInt(node, 'transA', 0) === 1 || (rankOf(graph, node.inputs[0]) ?? 0) < 2) return null;
  const axis = node.op === 'Gemm' && attrInt(node, 'transB', 0) === 1 ? 1 : 0;
  return { axis, channels: w.shape[axis]! };
}

/** bias[m] + Σ over c and the kernel of w[m, c, …] · shift[c]. */
function shiftedBias(
  { graph }: PassContext,
  node: Node,
  w: WeightExpr,
  shift: WeightExpr,
): WeightExpr | Refusal | null {
  const group = attrInt(node, 'group', 1);
  if (group !== 1) return { refused: 'group-scale', args: { group } };
  const auto = attrText(node, 'auto_pad', 'NOTSET');
  const padded = (attrInts(node, 'pads') ?? []).some((p) => p !== 0);
  if (padded || (auto !== 'NOTSET' && auto !== 'VALID')) return { refused: 'shift-with-padding' };
  const b = weightOf(graph, node.inputs[2]);
  if (node.inputs[2] && !b) return { refused: 'weights-not-constant' };
  const [m, c] = [w.shape[0]!, w.shape[1]!];
  const spatial = w.shape.slice(2).map((_, i) => i + 2);
  const axes = literalWeight(fromNumbers('int64', [spatial.length], spatial));
  const wideWeights = wide(w);
  const sums =
    countOf(w.shape) === m * c
      ? evaluateWeight('Reshape', {}, [wideWeights, literalWeight(fromNumbers('int64', [2], [m, c]))], 'float64', [
          m,
          c,
        ])
      : evaluateWeight('ReduceSum', { keepdims: 0 }, [wideWeights, axes], 'float64', [m, c]);
  const moved = evaluateWeight('MatMul', {}, [sums, shift], 'float64', [m]);
  return b ? scaled(b, 0, null, moved) : castWeight(moved, w.dtype);
}
