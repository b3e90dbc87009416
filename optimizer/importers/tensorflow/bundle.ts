import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { byteLength, type DataType } from '../../ir/dtype.ts';
import { countOf } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { FileReader } from '../common/fileReader.ts';
import type { FileWeights } from '../common/fileWeights.ts';
import { ImportError } from '../error.ts';
import { type Int64, int } from '../onnx/messages.ts';
import { dtypeOf } from './dtypes.ts';
import type { TensorShapeProto } from './messages.ts';
import { tensorflowType } from './schema.ts';
import { readTable } from './table.ts';
import { shapeOf } from './tensor.ts';

interface Entry {
  readonly dtype: number;
  readonly shape: TensorShapeProto | null;
  readonly shardId: number;
  readonly offset: Int64;
  readonly size: Int64;
}

function decode(type: string, value: Uint8Array, index: string): unknown {
  try {
    return tensorflowType(type).decode(value);
  } catch {
    throw new ImportError('not-a-model', `${basename(index)} is damaged: an entry cannot be decoded.`);
  }
}

/** The variables of a checkpoint: an index (a sorted table) and files of raw bytes. */
export class Bundle {
  private readonly entries = new Map<string, Entry>();
  private readonly prefix: string;
  private readonly shards: number;

  /** `prefix` is the path without ".index". */
  constructor(prefix: string) {
    this.prefix = prefix;
    const index = `${prefix}.index`;
    if (!existsSync(index))
      throw new ImportError('missing-weights', `${index} is missing: the SavedModel has no values for its variables.`);
    const fd = openSync(index, 'r');
    let shards = 1;
    try {
      for (const [key, value] of readTable(new FileReader(fd), basename(index))) {
        if (key === '') {
          const header = decode('BundleHeaderProto', value, index) as {
            numShards: number;
            endianness: number;
          };
          if (header.endianness !== 0)
            throw new ImportError(
              'unsupported-feature',
              'The checkpoint was written on a big-endian machine, which is not supported.',
            );
          shards = header.numShards || 1;
        } else this.entries.set(key, decode('BundleEntryProto', value, index) as Entry);
      }
    } finally {
      closeSync(fd);
    }
    this.shards = shards;
  }

  keys(): IterableIterator<string> {
    return this.entries.keys();
  }
  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** A variable as a part of its data file, not read. */
  weight(key: string, store: FileWeights): WeightExpr {
    const entry = this.entries.get(key)!;
    const dtype: DataType | undefined = dtypeOf(entry.dtype);
    const shape = shapeOf(entry.shape) ?? [];
    if (!dtype || dtype === 'string')
      throw new ImportError(
        'unsupported-feature',
        `Variable "${key}" has element type number ${entry.dtype}, which is not supported.`,
      );
    const { path, size } = this.shard(entry.shardId);
    const [offset, bytes] = [int(entry.offset), int(entry.size)];
    if (bytes !== byteLength(dtype, countOf(shape)))
      throw new ImportError(
        'bad-tensor',
        `Variable "${key}" is ${dtype} ${shape.join('×')}, but its entry has ${bytes} bytes.`,
      );
    if (offset + bytes > size)
      throw new ImportError(
        'truncated',
        `Variable "${key}" ends at byte ${offset + bytes} of ${basename(path)}, which has only ${size}.`,
      );
    return store.fromFile(path, size, offset, dtype, shape);
  }

  /** A string, as the table of the program's objects is one: a varint length, a checksum, the bytes. */
  text(key: string): Uint8Array | null {
    const entry = this.entries.get(key);
    if (entry?.dtype !== 7) return null;
    const { path } = this.shard(entry.shardId);
    const fd = openSync(path, 'r');
    try {
      const bytes = new FileReader(fd).bytes(int(entry.offset), int(entry.size));
      let at = 0;
      let length = 0;
      for (let scale = 1; at < bytes.length; scale *= 128) {
        const b = bytes[at++]!;
        length += (b & 127) * scale;
        if (b < 128) break;
      }
      return bytes.slice(bytes.length - length);
    } finally {
      closeSync(fd);
    }
  }

  private shard(id: number): { path: string; size: number } {
    const digits = (n: number): string => String(n).padStart(5, '0');
    const path = `${this.prefix}.data-${digits(id)}-of-${digits(this.shards)}`;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat)
      throw new ImportError(
        'missing-external-data',
        `${join(basename(dirname(path)), basename(path))} is missing: it holds the values of variables.`,
      );
    return { path, size: stat.size };
  }
}
