import type { DataType } from '../../ir/dtype.ts';
import type { Tensor } from '../../runtime.ts';
import { DataError } from './source.ts';

const aligned = (bytes: Uint8Array): Uint8Array => (bytes.byteOffset % 8 === 0 ? bytes : bytes.slice());

/** Changes of type that keep the numbers, or round them as everybody expects: NumPy's defaults are 64 bits wide. */
const CONVERSIONS: Readonly<Record<string, (b: Uint8Array) => ArrayBufferView>> = {
  'float64 float32': (b) => Float32Array.from(new Float64Array(b.buffer, b.byteOffset, b.byteLength / 8)),
  'uint8 float32': (b) => Float32Array.from(b),
  'int64 int32': (b) =>
    Int32Array.from(new BigInt64Array(b.buffer, b.byteOffset, b.byteLength / 8), (x) => Number(BigInt.asIntN(32, x))),
  'int32 int64': (b) => BigInt64Array.from(new Int32Array(b.buffer, b.byteOffset, b.byteLength / 4), BigInt),
};

/** The tensor in the wanted type. Throws DataError where that would change what the numbers mean. */
export function convertTo(dtype: DataType, t: Tensor, id: string): Tensor {
  if (t.dtype === dtype) return t;
  const convert = CONVERSIONS[`${t.dtype} ${dtype}`];
  if (!convert) throw new DataError(`${id} holds ${t.dtype} values, the model wants ${dtype}`);
  const view = convert(aligned(t.bytes));
  return { dtype, shape: t.shape, bytes: new Uint8Array(view.buffer, view.byteOffset, view.byteLength) };
}

/** A float32 tensor's elements without a copy where alignment allows. */
export function floatsOf(t: Tensor): Float32Array {
  const b = t.bytes.byteOffset % 4 === 0 ? t.bytes : t.bytes.slice();
  return new Float32Array(b.buffer, b.byteOffset, b.byteLength / 4);
}
