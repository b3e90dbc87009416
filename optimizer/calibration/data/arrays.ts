import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { byteLength, type DataType } from '../../ir/dtype.ts';
import { countOf } from '../../ir/tensor.ts';
import type { Tensor } from '../../runtime.ts';
import { convertTo } from './convert.ts';
import { readNpyHeader } from './npy.ts';
import { DataError, fingerprintOf, type InputSpec, type Sample, type SampleSource, specText } from './source.ts';

const MOST_BYTES = 2 ** 31 - 1;

/** An array in a file of which rows (indices of axis 0) are read at their place: files may be larger than memory. */
export class ArrayFile {
  readonly path: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  private readonly offset: number;
  private handle: FileHandle | null = null;
  private size: number | null = null;

  constructor(path: string, dtype: DataType, shape: readonly number[], offset: number) {
    this.path = path;
    this.dtype = dtype;
    this.shape = shape;
    this.offset = offset;
  }
  static npy(path: string): ArrayFile {
    const { dtype, shape, offset } = readNpyHeader(path);
    return new ArrayFile(path, dtype, shape, offset);
  }
  async rows(start: number, count: number): Promise<Tensor> {
    this.handle ??= await open(this.path, 'r');
    const rest = this.shape.slice(1);
    const row = byteLength(this.dtype, countOf(rest));
    const length = row * count;
    const from = this.offset + start * row;
    // What a header declares may be more than there is, and more than one read can ask for: Node ends the process then.
    this.size ??= (await this.handle.stat()).size;
    if (from + length > this.size) throw new DataError(`${basename(this.path)} is cut short at row ${start}`);
    if (length > MOST_BYTES)
      throw new DataError(`a sample in ${basename(this.path)} has ${length} bytes, more than 2 GB`);
    const bytes = new Uint8Array(length);
    const { bytesRead } = await this.handle.read(bytes, 0, bytes.length, from);
    if (bytesRead < bytes.length) throw new DataError(`${basename(this.path)} is cut short at row ${start}`);
    return { dtype: this.dtype, shape: [count, ...rest], bytes };
  }
  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = null;
  }
}

/** How an array holds samples of an input: `count` samples of `rows` rows each, which get the shape `shape`. */
export interface Division {
  readonly count: number;
  readonly rows: number;
  readonly shape: readonly number[];
}

const same = (a: readonly number[], b: readonly (number | null)[]): boolean =>
  a.length === b.length && a.every((d, i) => b[i] === null || b[i] === d);

/**
 * Reads an array of shape `shape` as samples of an input. [K, …input] is K samples; an array of the input's rank is cut
 * along axis 0 into as many rows as the input has there (1 where that is open); one rank less is a single sample.
 */
export function divide(shape: readonly number[], spec: InputSpec, id: string): Division {
  const want = spec.shape;
  const batch = want.length === 0 ? 1 : (want[0] ?? 1);
  if (shape.length === want.length + 1 && same(shape.slice(1), want))
    return { count: shape[0]!, rows: 1, shape: shape.slice(1) };
  if (shape.length === want.length && same(shape.slice(1), want.slice(1)) && (shape[0] ?? 1) % batch === 0)
    return { count: (shape[0] ?? 1) / batch, rows: batch, shape: [batch, ...shape.slice(1)].slice(0, want.length) };
  if (batch === 1 && shape.length === want.length - 1 && same(shape, want.slice(1)))
    return { count: 1, rows: shape[0] ?? 1, shape: [1, ...shape] };
  throw new DataError(`${id} has the shape ${specText(shape) || '()'}, input "${spec.name}" wants ${specText(want)}`);
}

/** One array per input, samples along axis 0. `labels` are per sample, where there are any. */
export function arraySource(
  files: ReadonlyMap<string, ArrayFile>,
  inputs: readonly InputSpec[],
  labels: readonly number[] | null,
  name: string,
  cleanUp: () => Promise<void> = async () => {},
): SampleSource {
  const parts = inputs.map((spec) => {
    const file = files.get(spec.name);
    if (!file)
      throw new DataError(
        `${name} has no data for input "${spec.name}"; it has ${[...files.keys()].join(', ') || 'none'}`,
      );
    return { spec, file, division: divide(file.shape, spec, name) };
  });
  const counts = [...new Set(parts.map((p) => p.division.count))];
  if (counts.length > 1) {
    const each = parts.map((p) => `"${p.spec.name}" ${p.division.count}`).join(', ');
    throw new DataError(`the inputs in ${name} have different numbers of samples: ${each}`);
  }
  const length = counts[0] ?? 0;
  if (labels && labels.length < length)
    throw new DataError(`there are ${labels.length} labels for the ${length} samples in ${name}`);
  return {
    description: `${length} samples in ${name}`,
    length,
    labelled: labels !== null,
    fingerprint: fingerprintOf(
      name,
      length,
      parts.map((p) => [p.spec.name, p.file.dtype, p.division]),
    ),
    read: async (index): Promise<Sample> => {
      const id = `${name}[${index}]`;
      const tensors: Record<string, Tensor> = {};
      for (const { spec, file, division } of parts) {
        const t = await file.rows(index * division.rows, division.rows);
        tensors[spec.name] = convertTo(spec.dtype, { ...t, shape: division.shape }, id);
      }
      return { id, inputs: tensors, ...(labels ? { label: labels[index]! } : {}) };
    },
    close: async () => {
      for (const { file } of parts) await file.close();
      await cleanUp();
    },
  };
}
