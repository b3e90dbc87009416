import type { DataType } from './dtype.ts';

/** Floats of 8 bits: exponent and fraction bits, bias, and what the largest exponent means. */
const FLOAT8: Partial<Record<DataType, { fraction: number; bias: number; special: 'ieee' | 'nan' | 'unsigned zero' }>> =
  {
    float8e4m3fn: { fraction: 3, bias: 7, special: 'nan' },
    float8e4m3fnuz: { fraction: 3, bias: 8, special: 'unsigned zero' },
    float8e5m2: { fraction: 2, bias: 15, special: 'ieee' },
    float8e5m2fnuz: { fraction: 2, bias: 16, special: 'unsigned zero' },
  };
const FLOAT4 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

function float8(code: number, f: { fraction: number; bias: number; special: string }): number {
  const sign = code & 0x80 ? -1 : 1;
  const rest = code & 0x7f;
  if (f.special === 'unsigned zero' && code === 0x80) return Number.NaN;
  if (f.special === 'nan' && rest === 0x7f) return Number.NaN;
  const exponent = rest >> f.fraction;
  const fraction = rest & ((1 << f.fraction) - 1);
  if (f.special === 'ieee' && exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** (1 - f.bias - f.fraction);
  return sign * (1 + fraction / 2 ** f.fraction) * 2 ** (exponent - f.bias);
}

/** Element `i` of dense data of a type of 8 bits or fewer that is no plain byte; undefined for other types. */
export function narrowNumber(dtype: DataType, bytes: Uint8Array, i: number): number | undefined {
  const f = FLOAT8[dtype];
  if (f) return float8(bytes[i]!, f);
  if (dtype === 'float8e8m0') return bytes[i] === 255 ? Number.NaN : 2 ** (bytes[i]! - 127);
  // Smaller ones are packed, the first element in the lowest bits.
  const four = (bytes[i >> 1]! >> (4 * (i & 1))) & 15;
  const two = (bytes[i >> 2]! >> (2 * (i & 3))) & 3;
  switch (dtype) {
    case 'uint4':
      return four;
    case 'int4':
      return four < 8 ? four : four - 16;
    case 'float4e2m1':
      return (four & 8 ? -1 : 1) * FLOAT4[four & 7]!;
    case 'uint2':
      return two;
    case 'int2':
      return two < 2 ? two : two - 4;
    default:
      return undefined;
  }
}
