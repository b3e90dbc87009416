import type { DataType } from '../ir/dtype.ts';
import { bitsOf, byteLength, isFloat } from '../ir/dtype.ts';
import { countOf, fromNumbers } from '../ir/tensor.ts';
import type { Tensor } from '../runtime.ts';

/** mulberry32: small, fast, the same numbers everywhere; not for statistics beyond test data. */
export function seededRandom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Random data for an input: floats uniform in [-1, 1), integers and booleans 0 or 1 (valid as indices and masks). */
export function randomTensor(dtype: DataType, shape: readonly number[], random: () => number): Tensor {
  const count = countOf(shape);
  if (dtype === 'float32') {
    const data = new Float32Array(count);
    for (let i = 0; i < count; i++) data[i] = random() * 2 - 1;
    return { dtype, shape, bytes: new Uint8Array(data.buffer) };
  }
  if (dtype === 'float16' || dtype === 'bfloat16') {
    // Random sign, an exponent of 2^-3 … 2^0, random fraction.
    const data = new Uint16Array(count);
    const base = dtype === 'float16' ? 12 << 10 : 124 << 7;
    const span = dtype === 'float16' ? 3 << 10 : 3 << 7;
    for (let i = 0; i < count; i++) data[i] = base + Math.floor(random() * span) + (random() < 0.5 ? 0x8000 : 0);
    return { dtype, shape, bytes: new Uint8Array(data.buffer) };
  }
  if (bitsOf(dtype) <= 8 && dtype !== 'int8' && dtype !== 'uint8' && dtype !== 'bool') {
    // Floats of 8 bits: sign and any number below 2; smaller types: any bits mean a number.
    const mask = isFloat(dtype) && bitsOf(dtype) === 8 ? 0xbf : 0xff;
    const bytes = Uint8Array.from({ length: byteLength(dtype, count) }, () => Math.floor(random() * 256) & mask);
    return { dtype, shape, bytes };
  }
  const draw = isFloat(dtype) ? () => random() * 2 - 1 : () => (random() < 0.5 ? 0 : 1);
  const literal = fromNumbers(dtype, shape, Array.from({ length: count }, draw));
  return { dtype, shape, bytes: literal.bytes.subarray(0, byteLength(dtype, count)) };
}
