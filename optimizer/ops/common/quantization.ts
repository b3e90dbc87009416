import type { DataType } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import { countOf, type TensorLiteral, toNumbers } from '../../ir/tensor.ts';

/** What a QuantizeLinear or DequantizeLinear says about its integers: real = (stored - zeroPoint) · scale. */
export interface Quantization {
  readonly dtype: DataType;
  /** One number, or one per index of `axis`. */
  readonly scales: readonly number[];
  readonly zeroPoint: number;
  /** null: one scale for the whole tensor. */
  readonly axis: number | null;
}

/** A tensor of 8-bit integers with one scale: what activations are stored as. */
export interface StoredTensor extends Quantization {
  readonly dtype: 'int8' | 'uint8';
  readonly axis: null;
}

/** Why the parameters cannot be used for integer arithmetic, as a refusal code of the passes. */
export type QuantizationProblem = 'scale-not-constant' | 'block-scale' | 'zero-points-differ' | 'scale-type';

/**
 * Reads the parameters of a QuantizeLinear or DequantizeLinear. `dtype` and `rank` are of the integer side; `literal`
 * gives the content of the node's constant inputs.
 */
export function readQuantization(
  node: Pick<Node, 'attrs' | 'inputs'>,
  dtype: DataType,
  rank: number,
  literal: (input: number) => TensorLiteral | null,
): Quantization | QuantizationProblem {
  if (node.attrs.block_size) return 'block-scale';
  const scale = literal(1);
  if (!scale) return 'scale-not-constant';
  if (scale.dtype !== 'float32') return 'scale-type';
  const scales = toNumbers(scale);
  let zeroPoint = 0;
  if (node.inputs[2] !== undefined && node.inputs[2] !== null) {
    const zero = literal(2);
    if (!zero) return 'scale-not-constant';
    const points = toNumbers(zero);
    zeroPoint = points[0] ?? 0;
    if (points.some((z) => z !== zeroPoint)) return 'zero-points-differ';
  }
  const given = typeof node.attrs.axis === 'number' ? node.attrs.axis : 1;
  const axis = countOf(scale.shape) === 1 ? null : given < 0 ? given + rank : given;
  return { dtype, scales, zeroPoint, axis };
}

export const isStoredTensor = (q: Quantization): q is StoredTensor =>
  q.axis === null && (q.dtype === 'int8' || q.dtype === 'uint8');

export const sameQuantization = (a: Quantization, b: Quantization): boolean =>
  a.dtype === b.dtype &&
  a.zeroPoint === b.zeroPoint &&
  a.axis === b.axis &&
  a.scales.length === b.scales.length &&
  a.scales.every((s, i) => s === b.scales[i]);
