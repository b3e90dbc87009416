import type { Node, ValueId } from '../../ir/graph.ts';
import {
  isStoredTensor,
  type Quantization,
  type QuantizationProblem,
  readQuantization,
  type StoredTensor,
} from '../../ops/common/quantization.ts';
import { attrText, dtypeOf, type Id, literalOf, producerOf, rankOf } from '../match.ts';
import type { PassContext, Refusal } from '../pass.ts';

/** The problem as a reason of a rule. */
export function refusalOf(problem: QuantizationProblem): Refusal {
  switch (problem) {
    case 'scale-not-constant':
      return { refused: 'scale-not-constant' };
    case 'block-scale':
      return { refused: 'block-scale' };
    case 'zero-points-differ':
      return { refused: 'zero-points-differ' };
    case 'scale-type':
      return { refused: 'scale-type' };
  }
}

/** The parameters of a QuantizeLinear or DequantizeLinear node. */
export function quantizationOf(ctx: PassContext, node: Node): Quantization | QuantizationProblem {
  const integers = node.op === 'QuantizeLinear' ? node.outputs[0]! : node.inputs[0]!;
  const rank = rankOf(ctx.graph, integers) ?? 0;
  return readQuantization(node, dtypeOf(ctx.graph, integers), rank, (i) => literalOf(ctx, node.inputs[i]));
}

/** A Q or DQ node with one scale for 8-bit integers: the kind that commutes and that layers compute on. */
export interface Scaled {
  readonly node: Node;
  readonly q: StoredTensor;
}

function scaled(ctx: PassContext, node: Node | null): Scaled | null {
  if (!node) return null;
  const q = quantizationOf(ctx, node);
  return typeof q === 'object' && isStoredTensor(q) ? { node, q } : null;
}

/** The dequantization that computes a value. */
export const dequantizerOf = (ctx: PassContext, v: Id): Scaled | null =>
  scaled(ctx, producerOf(ctx.graph, v, 'DequantizeLinear'));

/** The quantization that alone reads a value. */
export function quantizerOf(ctx: PassContext, v: ValueId): Scaled | null {
  const users = ctx.graph.users(v);
  const only = users.length === 1 && !ctx.graph.isOutput(v) ? users[0]! : null;
  if (only?.index !== 0 || only.node.domain !== '' || only.node.op !== 'QuantizeLinear') return null;
  return scaled(ctx, only.node);
}

/** Operators that hand numbers on as they are (MaxPool: the largest of some), and so do the same to integers. */
export const MOVES: readonly string[] = [
  ...['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Transpose', 'Slice', 'Split', 'Concat', 'MaxPool', 'Gather'],
  ...['DepthToSpace', 'SpaceToDepth', 'Resize'],
];

/** A Resize that picks elements; one that crops may fill with a number of its own. */
const isNearest = (n: Node): boolean =>
  attrText(n, 'mode', 'nearest') === 'nearest' &&
  attrText(n, 'coordinate_transformation_mode', 'half_pixel') !== 'tf_crop_and_resize';

/** Which inputs of a moving operator are the numbers moved; null where a further result forbids integers. */
export function movedInputs(ctx: PassContext, n: Node): readonly number[] | null {
  if (n.op === 'Concat') return n.inputs.map((_, i) => i);
  if (n.op === 'Resize') return isNearest(n) ? [0] : null;
  // Indices count positions, not values, but they have no integer kernel.
  if (n.op === 'MaxPool' && n.outputs.slice(1).some((v) => ctx.graph.useCount(v) > 0)) return null;
  return [0];
}
