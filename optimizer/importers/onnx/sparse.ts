import { byteLength } from '../../ir/dtype.ts';
import { LITERAL_LIMIT, toNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { ImportError } from '../error.ts';
import { int, type SparseTensorProto } from './messages.ts';
import type { TensorSource } from './tensor.ts';

/** Largest dense form, in bytes, that a sparse constant is expanded to. */
const MAX_DENSE = 256 * 1024 * 1024;

/** The dense form of a sparse constant (coordinate format): zeros but for the listed elements. */
export function denseFromSparse(t: SparseTensorProto, tensors: TensorSource): WeightExpr {
  const shape = t.dims.map(int);
  const count = shape.reduce((a, b) => a * b, 1);
  const name = t.values?.name ?? '';
  if (!t.values || !t.indices || shape.some((d) => d < 0))
    throw new ImportError('bad-tensor', `The sparse tensor "${name}" is incomplete.`);
  const values = tensors.weight(t.values);
  const indices = tensors.weight(t.indices);
  const bytes = byteLength(values.dtype, count);
  if (values.kind !== 'literal' || indices.kind !== 'literal' || bytes > MAX_DENSE || values.dtype === 'string') {
    throw new ImportError(
      'unsupported-feature',
      `The sparse tensor "${name}" has more than ${LITERAL_LIMIT} elements; export it as a dense one.`,
    );
  }
  const width = byteLength(values.dtype, 1);
  const places = toNumbers(indices.value);
  const n = values.shape[0] ?? 0;
  const rank = shape.length;
  const linear =
    places.length === n
      ? places
      : Array.from({ length: n }, (_, k) => shape.reduce((at, d, i) => at * d + (places[k * rank + i] ?? -1), 0));
  const dense = new Uint8Array(bytes);
  linear.forEach((at, k) => {
    if (!(at >= 0 && at < count))
      throw new ImportError('bad-tensor', `The sparse tensor "${name}" has an element outside its shape.`);
    dense.set(values.value.bytes.subarray(k * width, (k + 1) * width), at * width);
  });
  return tensors.fromBytes(values.dtype, shape, dense);
}
