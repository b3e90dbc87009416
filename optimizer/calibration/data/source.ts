import { createHash } from 'node:crypto';
import type { DataType } from '../../ir/dtype.ts';
import type { Tensor } from '../../runtime.ts';

/** Data that cannot be used: one sentence that names the file or folder and says what to do. */
export class DataError extends Error {
  override readonly name = 'DataError';
}

/** An input that samples must fill; null where the model leaves a size open. */
export interface InputSpec {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly (number | null)[];
}

export interface Sample {
  /** What messages call it: a path relative to the data, "x.npy[17]". */
  readonly id: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly label?: number;
}

/**
 * Samples in a fixed order, each read when it is asked for. `read` throws DataError (or NpyError) for one bad sample;
 * the others stay readable.
 */
export interface SampleSource {
  /** For people: "500 images in photos". */
  readonly description: string;
  readonly length: number;
  readonly labelled: boolean;
  /** The same for the same samples in the same order with the same settings. */
  readonly fingerprint: string;
  read(index: number): Promise<Sample>;
  close(): Promise<void>;
}

export const fingerprintOf = (...parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

/** `count` samples spread evenly over the source: folders are often sorted by class, so the first ones would be one class. */
export function spread(source: SampleSource, count: number): SampleSource {
  if (count >= source.length) return source;
  return {
    description: `${count} of ${source.description}`,
    length: count,
    labelled: source.labelled,
    fingerprint: fingerprintOf(source.fingerprint, count),
    read: (i) => source.read(Math.floor((i * source.length) / count)),
    close: () => source.close(),
  };
}

export const specText = (shape: readonly (number | null)[]): string => shape.map((d) => d ?? '?').join('×');

/** Whether sizes fit, null fitting everything. */
export const fits = (shape: readonly number[], spec: readonly (number | null)[]): boolean =>
  shape.length === spec.length && spec.every((d, i) => d === null || d === shape[i]);
