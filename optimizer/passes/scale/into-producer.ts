import type { Node, NodeSpec } from '../../ir/graph.ts';
import { countOf } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { castWeight, reshapeWeight } from '../../ir/weights.ts';
import { attrInt, onlyUser, producerOf, rankOf, sourcesOf, weightOf } from '../match.ts';
import type { PassContext, Refusal, Replacement, Rule } from '../pass.ts';
import { evaluated, scaled, wide } from '../wide.ts';
import { AFFINE_OPS, type Affine, affineOf, perChannel } from './affine.ts';

const shapeText = (w: WeightExpr): string => w.shape.join('×') || 'scalar';

/** Factor and shift along an axis. */
interface Vectors {
  readonly factor: WeightExpr | null;
  readonly shift: WeightExpr | null;
}

/** The vectors of an affine node, or the refusal that names the one that does not fit. */
function vectors(a: Affine, rank: number, axis: number, channels: number): Vectors | Refusal {
  const factor = a.factor && perChannel(a.factor, rank, axis, channels);
  if (a.factor && !factor) return { refused: 'not-per-channel', args: { shape: shapeText(a.factor) } };
  const shift = a.shift && perChannel(a.shift, rank, axis, channels);
  if (a.shift && !shift) return { refused: 'not-per-channel', args: { shape: shapeText(a.shift) } };
  return { factor, shift };
}

/** The producer with new weights, in place of it and the affine node. */
function replaced(p: Node, node: Node, inputs: NodeSpec['inputs'], what: string): Replacement {
  return {
    remove: [p.id, node.id],
    add: [{ ...p, inputs, outputs: node.outputs, source: sourcesOf(p, node) }],
    note: `${node.op} folded into ${what} of ${p.op}`,
  };
}

const whatOf = (a: Affine): string =>
  a.factor && a.shift ? 'weights and bias' : a.factor ? 'the weights' : 'the bias';

/** A factor or shift per output channel behind a convolution. */
export const scaleIntoConv: Rule = {
  name: 'scale-into-conv',
  title: 'Scale → convolution weights',
  anchors: AFFINE_OPS,
  rewrite(node, ctx) {
    const { graph } = ctx;
    const a = affineOf(ctx, node);
    const p = a && producerOf(graph, a.x, 'Conv', 'ConvTranspose');
    if (!a || !p) return null;
    if (onlyUser(graph, a.x) === null) return { refused: 'output-read', args: { n: graph.useCount(a.x) } };
    const w = weightOf(graph, p.inputs[1]);
    const b = weightOf(graph, p.inputs[2]);
    if (!w || (p.inputs[2] && !b)) return { refused: 'weights-not-constant' };
    const group = attrInt(p, 'group', 1);
    const axis = p.op === 'Conv' ? 0 : 1;
    const channels = axis === 0 ? w.shape[0]! : w.shape[1]! * group;
    const v = vectors(a, rankOf(graph, a.x)!, 1, channels);
    if ('refused' in v) return v;
    if (axis === 1 && group > 1 && v.factor) return { refused: 'group-scale', args: { group } };
    const inputs = [...p.inputs];
    if (v.factor) inputs[1] = ctx.constant(scaled(w, axis, v.factor, null), graph.value(p.inputs[1]!).name).id;
    const bias = b ? scaled(b, 0, v.factor, v.shift) : v.shift && castWeight(v.shift, w.dtype);
    if (bias) inputs[2] = ctx.constant(bias, b ? graph.value(p.inputs[2]!).name : '').id;
    return replaced(p, node, inputs, whatOf(a));
  },
};

/** A factor per column behind a product with constant weights; shifts stay additions, which become the layer's bias. */
export const scaleIntoProduct: Rule = {
  name: 'scale-into-product',
  title: 'Scale → fully-connected weights',
  anchors: AFFINE_OPS,
  rewrite(node, ctx) {
    const { graph } = ctx;
    const a = affineOf(ctx, node);
    const p = a && producerOf(graph, a.x, 'MatMul', 'Gemm');
    if (!a || !p || (p.op === 'MatMul' && a.shift)) return null;
    const w = weightOf(graph, p.inputs[1]);
    if (!w) return weightOf(graph, p.inputs[0]) ? null : { refused: 'weights-not-constant' };
    if (w.shape.length !== 2) return null;
    if (onlyUser(graph, a.x) === null) return { refused: 'output-read', args: { n: graph.useCount(a.x) } };
    const axis = p.op === 'Gemm' && attrInt(p, 'transB', 0) === 1 ? 0 : 1;
    const n = w.shape[axis]!;
    const rank = rankOf(graph, a.x)!;
    const v = vectors(a, rank, rank - 1, n);
    if ('refused' in v) return v;
    const inputs = [...p.inputs];
    if (v.factor) inputs[1] = ctx.constant(scaled(w, axis, v.factor, null), graph.value(p.inputs[1]!).name).id;
    if (p.op === 'Gemm') {
      const c = gemmBias(ctx, p, n, v.factor, v.shift);
      if (c && 'refused' in c) return c;
      if (c) inputs[2] = ctx.constant(c).id;
    }
    return replaced(p, node, inputs, whatOf(a));
  },
};

/** C · factor + shift; null when there is nothing to add. */
function gemmBias(
  { graph }: PassContext,
  p: Node,
  n: number,
  factor: WeightExpr | null,
  shift: WeightExpr | null,
): WeightExpr | Refusal | null {
  const c = weightOf(graph, p.inputs[2]);
  const dtype = graph.value(p.outputs[0]!).type.dtype;
  if (!p.inputs[2]) return shift && castWeight(shift, dtype);
  if (!c) return { refused: 'weights-not-constant' };
  if (attrInt(p, 'beta', 1) !== 1) return { refused: 'weights-not-constant' };
  if (countOf(c.shape) === n) return scaled(reshapeWeight(c, [n]), 0, factor, shift);
  const product = factor ? evaluated('Mul', [wide(c), factor]) : wide(c);
  return castWeight(shift ? evaluated('Add', [product, shift]) : product, dtype);
}
