import { createHash } from 'node:crypto';
import { byteLength, type DataType } from './dtype.ts';
import type { AttrValue } from './graph.ts';
import { countOf, type TensorLiteral } from './tensor.ts';
import type { EvaluateWeight, FileWeight, LiteralWeight, ScaleWeight, WeightExpr } from './weight.ts';

/* Constructors of weight expressions: the only place that computes hashes and result shapes. */

const hashOf = (...parts: readonly unknown[]): string => {
  const h = createHash('sha256');
  for (const p of parts) {
    if (p instanceof Uint8Array) h.update(p);
    else h.update(JSON.stringify(p));
    h.update('|');
  }
  return h.digest('hex').slice(0, 32);
};

export function fileWeight(
  file: number,
  offset: number,
  length: number,
  dtype: DataType,
  shape: readonly number[],
): FileWeight {
  if (length !== byteLength(dtype, countOf(shape))) {
    throw new RangeError(`${length} bytes cannot hold ${dtype} ${shape.join('×') || 'scalar'}`);
  }
  return { kind: 'file', file, offset, length, dtype, shape, hash: hashOf('file', file, offset, length, dtype, shape) };
}

export function literalWeight(value: TensorLiteral): LiteralWeight {
  return {
    kind: 'literal',
    value,
    dtype: value.dtype,
    shape: value.shape,
    hash: hashOf('literal', value.dtype, value.shape, value.bytes),
  };
}

export function castWeight(input: WeightExpr, dtype: DataType): WeightExpr {
  if (input.dtype === dtype) return input;
  return { kind: 'cast', input, dtype, shape: input.shape, hash: hashOf('cast', input.hash, dtype) };
}

export function reshapeWeight(input: WeightExpr, shape: readonly number[]): WeightExpr {
  if (countOf(shape) !== countOf(input.shape))
    throw new RangeError(`cannot reshape ${input.shape.join('×')} to ${shape.join('×')}`);
  const base = input.kind === 'reshape' ? input.input : input;
  if (base.shape.length === shape.length && base.shape.every((d, i) => d === shape[i])) return base;
  return { kind: 'reshape', input: base, dtype: base.dtype, shape, hash: hashOf('reshape', base.hash, shape) };
}

export function transposeWeight(input: WeightExpr, perm: readonly number[]): WeightExpr {
  if (perm.every((p, i) => p === i)) return input;
  const shape = perm.map((p) => input.shape[p]!);
  return { kind: 'transpose', input, perm, dtype: input.dtype, shape, hash: hashOf('transpose', input.hash, perm) };
}

export function concatWeights(inputs: readonly WeightExpr[], axis: number): WeightExpr {
  const first = inputs[0]!;
  const shape = first.shape.map((d, i) => (i === axis ? inputs.reduce((n, w) => n + w.shape[axis]!, 0) : d));
  return {
    kind: 'concat',
    inputs,
    axis,
    dtype: first.dtype,
    shape,
    hash: hashOf(
      'concat',
      inputs.map((w) => w.hash),
      axis,
    ),
  };
}

export function sliceWeight(input: WeightExpr, axis: number, start: number, length: number): WeightExpr {
  const shape = input.shape.map((d, i) => (i === axis ? length : d));
  return {
    kind: 'slice',
    input,
    axis,
    start,
    dtype: input.dtype,
    shape,
    hash: hashOf('slice', input.hash, axis, start, length),
  };
}

/** input · factor + shift along `axis`, in float64, rounded once to the input's dtype. */
export function scaleWeight(
  input: WeightExpr,
  axis: number,
  factor: WeightExpr,
  shift: WeightExpr | null = null,
): ScaleWeight {
  return {
    kind: 'scale',
    input,
    axis,
    factor,
    shift,
    dtype: input.dtype,
    shape: input.shape,
    hash: hashOf('scale', input.hash, axis, factor.hash, shift?.hash ?? null),
  };
}

export function evaluateWeight(
  op: string,
  attrs: Readonly<Record<string, AttrValue>>,
  inputs: readonly (WeightExpr | null)[],
  dtype: DataType,
  shape: readonly number[],
  output = 0,
): EvaluateWeight {
  const hash = hashOf(
    'evaluate',
    op,
    attrs,
    inputs.map((w) => w?.hash ?? null),
    dtype,
    shape,
    output,
  );
  return { kind: 'evaluate', op, attrs, inputs, output, dtype, shape, hash };
}
