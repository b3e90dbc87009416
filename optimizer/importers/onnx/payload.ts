import { bitsOf, byteLength, type DataType } from '../../ir/dtype.ts';
import type { FileReader } from '../common/fileReader.ts';
import { ImportError } from '../error.ts';
import { type Int64, int, type TensorProto } from './messages.ts';

/* Turns the typed fields of a TensorProto (…_data) into dense little-endian bytes. */

type Field = 4 | 5 | 7 | 10 | 11;

/** Which typed field carries a data type. */
export function fieldOf(dtype: DataType): Field {
  if (dtype === 'float32') return 4;
  if (dtype === 'float64') return 10;
  if (dtype === 'int64') return 7;
  if (dtype === 'uint64' || dtype === 'uint32') return 11;
  return 5;
}

type Put = (view: DataView, index: number, value: bigint | number) => void;

/** How one element of the typed field is stored. Bit patterns (half, bfloat16, FP8) come as integers. */
function writer(dtype: DataType): { width: number; put: Put } {
  switch (dtype) {
    case 'float32':
      return { width: 4, put: (v, i, x) => v.setFloat32(i * 4, Number(x), true) };
    case 'float64':
      return { width: 8, put: (v, i, x) => v.setFloat64(i * 8, Number(x), true) };
    case 'int64':
    case 'uint64':
      return { width: 8, put: (v, i, x) => v.setBigUint64(i * 8, BigInt.asUintN(64, BigInt(x)), true) };
    case 'int32':
    case 'uint32':
      return { width: 4, put: (v, i, x) => v.setUint32(i * 4, Number(BigInt.asUintN(32, BigInt(x))), true) };
    case 'int16':
    case 'uint16':
    case 'float16':
    case 'bfloat16':
      return { width: 2, put: (v, i, x) => v.setUint16(i * 2, Number(BigInt.asUintN(16, BigInt(x))), true) };
    default:
      // One byte each; narrower types come a full byte to an element.
      return { width: 1, put: (v, i, x) => v.setUint8(i, Number(BigInt.asUintN(8, BigInt(x)))) };
  }
}

const exact = (v: Int64): bigint | number => (typeof v === 'number' ? v : BigInt(v.toString()));

/** Elements of the typed field that `count` tensor elements need. */
const elements = (dtype: DataType, count: number): number => {
  const bits = bitsOf(dtype);
  return bits > 0 && bits < 8 ? byteLength(dtype, count) : count;
};

function wrongCount(t: TensorProto, want: number, have: number): ImportError {
  return new ImportError(
    'bad-tensor',
    `Tensor "${t.name}" has ${have} elements where its shape ${t.dims.map(int).join('×')} needs ${want}.`,
  );
}

/** From the decoded message (payload was copied). */
export function bytesFromFields(t: TensorProto, dtype: DataType, count: number): Uint8Array {
  const lists = { 4: t.floatData, 5: t.int32Data, 7: t.int64Data, 10: t.doubleData, 11: t.uint64Data };
  const list: readonly Int64[] = lists[fieldOf(dtype)];
  const want = elements(dtype, count);
  if (list.length !== want) throw wrongCount(t, want, list.length);
  const { width, put } = writer(dtype);
  const out = new Uint8Array(Math.max(byteLength(dtype, count), width * want));
  const view = new DataView(out.buffer);
  list.forEach((x, i) => {
    put(view, i, inRange(t, dtype, exact(x)));
  });
  return out;
}

/** Bytes are stored as 32-bit numbers here; a zero point beyond its type would wrap around unnoticed. */
function inRange<T extends number | bigint>(t: TensorProto, dtype: DataType, x: T): T {
  if (dtype !== 'int8' && dtype !== 'uint8') return x;
  const n = typeof x === 'bigint' ? Number(BigInt.asIntN(64, x)) : Number(x);
  const [least, most] = dtype === 'int8' ? [-128, 127] : [0, 255];
  if (n < least || n > most)
    throw new ImportError('bad-tensor', `Tensor "${t.name}" holds ${n}, which is no ${dtype}.`);
  return x;
}

/** From packed varints left in the file. */
export function bytesFromVarints(
  t: TensorProto,
  file: FileReader,
  ranges: readonly (readonly [offset: number, length: number])[],
  dtype: DataType,
  count: number,
): Uint8Array {
  const want = elements(dtype, count);
  const packed = ranges.reduce((n, [, length]) => n + length, 0);
  // Each element takes at least a byte: no allocation for a count that the file cannot hold.
  if (packed < want) throw wrongCount(t, want, packed);
  const { width, put } = writer(dtype);
  const out = new Uint8Array(width * want);
  const view = new DataView(out.buffer);
  let n = 0;
  for (const [offset, length] of ranges) {
    const end = offset + length;
    for (let at = offset; at < end; ) {
      let low = 0;
      let high = 0n;
      let shift = 0;
      for (;;) {
        if (at >= end || shift > 63) throw new ImportError('bad-tensor', `Tensor "${t.name}" has damaged data.`);
        const b = file.byte(at++);
        if (shift < 28) low |= (b & 127) << shift;
        else high |= BigInt(b & 127) << BigInt(shift);
        shift += 7;
        if (b < 128) break;
      }
      if (n >= want) throw wrongCount(t, want, n + 1);
      put(view, n++, inRange(t, dtype, high === 0n ? low : BigInt(low) | high));
    }
  }
  if (n !== want) throw wrongCount(t, want, n);
  return out;
}
