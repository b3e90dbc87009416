import type { ProfileDocument } from '../document.ts';

const NAMES: Readonly<Record<string, string>> = {
  float32: 'FP32',
  float16: 'FP16',
  bfloat16: 'BF16',
  float64: 'FP64',
  int8: 'INT8',
  uint8: 'UINT8',
};
export const dtypeName = (dtype: string): string => NAMES[dtype] ?? dtype;

/** Element types from the fewest bits on. */
export const DTYPES_BY_BITS: readonly string[] = ['int8', 'uint8', 'float16', 'bfloat16', 'float32', 'float64'];

/** The element type of the fewest bits that arithmetic is done in; '' where there is none. */
export function narrowestDtype(p: Pick<ProfileDocument, 'layers'>): string {
  const flops = flopsByDtype(p);
  return DTYPES_BY_BITS.find((dtype) => (flops.get(dtype) ?? 0) > 0) ?? '';
}

/** Operations by element type. */
export function flopsByDtype(p: Pick<ProfileDocument, 'layers'>): Map<string, number> {
  const flops = new Map<string, number>();
  for (const l of p.layers) if (l.dtype !== '') flops.set(l.dtype, (flops.get(l.dtype) ?? 0) + l.flops);
  return flops;
}
