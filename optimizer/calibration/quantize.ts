/** Symmetric INT8: levels -127…127, no zero point. */
export const INT8_MAX = 127;

/** Scale of a range, rounded to float32, as kernels use it; 0 when the range is empty (the tensor then has no scale). */
export const scaleOf = (amax: number): number => Math.fround(amax / INT8_MAX);

/** Nearest integer, halves to the even one. */
export function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

/** The stored value of a real number: rounded half to even, saturated at ±127. */
export function quantize(x: number, scale: number): number {
  return Math.max(-INT8_MAX, Math.min(INT8_MAX, roundHalfEven(x / scale)));
}
