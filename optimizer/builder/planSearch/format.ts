/**
 * How an operand is stored where that differs from the model's own dtype ('' = as the model has it). int8 is symmetric,
 * uint8 has a zero point, float16 and bfloat16 are rounded to nearest even.
 */
export type Storage = '' | 'int8' | 'uint8' | 'float16' | 'bfloat16';

/** Storage of another dtype than the model's, with what it means: real = (stored - zeroPoint) · scale where quantized. */
export interface StoredType {
  readonly dtype: Exclude<Storage, ''>;
  readonly scale?: number;
  readonly zeroPoint?: number;
}

export const isQuantized = (storage: Storage): boolean => storage === 'int8' || storage === 'uint8';

/**
 * Storage formats: a layout id, and ":" with the storage where it is not the model's own. '' stands for operands without a
 * format (absent ones and constants). Opaque beyond this file: only equality counts.
 */
export const formatOf = (layout: string, storage: Storage): string =>
  storage === '' || layout === '' ? layout : `${layout}:${storage}`;

export const layoutOfFormat = (format: string): string => format.split(':', 1)[0]!;

export const storageOfFormat = (format: string): Storage => (format.split(':', 2)[1] ?? '') as Storage;
