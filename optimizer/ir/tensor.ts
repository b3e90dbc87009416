import { byteLength, type DataType } from './dtype.ts';
import { narrowNumber } from './narrow.ts';

/** A small constant held in JavaScript (at most `LITERAL_LIMIT` elements): little-endian, row-major, dense bytes. */
export interface TensorLiteral {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Folded results above this many elements become `WeightExpr.evaluate` instead of literals. */
export const LITERAL_LIMIT = 4096;

export const countOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function view(t: TensorLiteral): DataView {
  return new DataView(t.bytes.buffer, t.bytes.byteOffset, t.bytes.byteLength);
}

function halfToNumber(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function bfloatToNumber(h: number): number {
  const b = new DataView(new ArrayBuffer(4));
  b.setUint32(0, h << 16);
  return b.getFloat32(0);
}

/** Nearest half, ties to even; beyond 65504 infinity. */
function numberToHalf(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65520) return sign | 0x7c00;
  // A unit in the last place: 2^(e-10), and 2^-24 among the subnormals.
  const e = Math.max(-14, Math.floor(Math.log2(a)));
  const scaled = a / 2 ** (e - 10);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const m = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  // A mantissa that reaches 2048 carries into the exponent by itself; subnormals have exponent field 0.
  return sign | (m < 1024 ? m : ((e + 15) << 10) + (m - 1024));
}

/** Nearest bfloat16, ties to even. */
function numberToBfloat(x: number): number {
  const b = new DataView(new ArrayBuffer(4));
  b.setFloat32(0, x);
  const bits = b.getUint32(0);
  if (Number.isNaN(x)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Elements as numbers; 64-bit integers beyond 2^53 lose precision (they only occur as "to the end" markers). */
export function toNumbers(t: TensorLiteral): number[] {
  const v = view(t);
  const n = countOf(t.shape);
  const read: Partial<Record<DataType, (i: number) => number>> = {
    float32: (i) => v.getFloat32(i * 4, true),
    float64: (i) => v.getFloat64(i * 8, true),
    float16: (i) => halfToNumber(v.getUint16(i * 2, true)),
    bfloat16: (i) => bfloatToNumber(v.getUint16(i * 2, true)),
    int8: (i) => v.getInt8(i),
    uint8: (i) => v.getUint8(i),
    bool: (i) => v.getUint8(i),
    int16: (i) => v.getInt16(i * 2, true),
    uint16: (i) => v.getUint16(i * 2, true),
    int32: (i) => v.getInt32(i * 4, true),
    uint32: (i) => v.getUint32(i * 4, true),
    int64: (i) => Number(v.getBigInt64(i * 8, true)),
    uint64: (i) => Number(v.getBigUint64(i * 8, true)),
  };
  const at = read[t.dtype];
  return Array.from({ length: n }, (_, i) => {
    const x = at ? at(i) : narrowNumber(t.dtype, t.bytes, i);
    if (x === undefined) throw new RangeError(`a ${t.dtype} literal has no numeric value`);
    return x;
  });
}

/** An element type that numbers cannot be put into. */
export class NumberTypeError extends RangeError {}

/** Builds a literal of a numeric type from numbers (saturating at the ends of int64). */
export function fromNumbers(dtype: DataType, shape: readonly number[], data: readonly number[]): TensorLiteral {
  if (data.length !== countOf(shape)) throw new RangeError(`${data.length} numbers do not fill ${shape.join('×')}`);
  const bytes = new Uint8Array(byteLength(dtype, data.length));
  const v = new DataView(bytes.buffer);
  const big = (x: number): bigint => {
    if (x >= 2 ** 63) return 2n ** 63n - 1n;
    if (x < -(2 ** 63)) return -(2n ** 63n);
    return Number.isNaN(x) ? 0n : BigInt(Math.trunc(x));
  };
  const write: Partial<Record<DataType, (i: number, x: number) => void>> = {
    float32: (i, x) => v.setFloat32(i * 4, x, true),
    float64: (i, x) => v.setFloat64(i * 8, x, true),
    float16: (i, x) => v.setUint16(i * 2, numberToHalf(x), true),
    bfloat16: (i, x) => v.setUint16(i * 2, numberToBfloat(x), true),
    int8: (i, x) => v.setInt8(i, x),
    uint8: (i, x) => v.setUint8(i, x),
    bool: (i, x) => v.setUint8(i, x ? 1 : 0),
    int16: (i, x) => v.setInt16(i * 2, x, true),
    uint16: (i, x) => v.setUint16(i * 2, x, true),
    int32: (i, x) => v.setInt32(i * 4, x, true),
    uint32: (i, x) => v.setUint32(i * 4, x, true),
    int64: (i, x) => v.setBigInt64(i * 8, big(x), true),
    uint64: (i, x) =>
      v.setBigUint64(i * 8, x >= 2 ** 64 ? 2n ** 64n - 1n : x < 2 ** 63 ? big(x) : BigInt(Math.trunc(x)), true),
  };
  const put = write[dtype];
  if (!put) throw new NumberTypeError(`numbers of type ${dtype} cannot be made here`);
  for (const [i, x] of data.entries()) put(i, x);
  return { dtype, shape: [...shape], bytes };
}
