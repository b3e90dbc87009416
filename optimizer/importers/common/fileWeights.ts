import { closeSync, openSync, statSync } from 'node:fs';
import { byteLength, type DataType } from '../../ir/dtype.ts';
import type { WeightFile } from '../../ir/graph.ts';
import { countOf, LITERAL_LIMIT } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { concatWeights, fileWeight, literalWeight, reshapeWeight } from '../../ir/weights.ts';
import { ImportError } from '../error.ts';
import { writeDecoded } from './decoded.ts';
import { FileReader } from './fileReader.ts';

/** A run of bytes: offset and length. */
export type Range = readonly [offset: number, length: number];

/** Weight expressions over the files of one model: small tensors become literals, others ranges of files. */
export class FileWeights {
  /** What weight expressions' file numbers refer to; the model is number 0. */
  readonly files: WeightFile[];
  private readonly model: FileReader | null;
  private readonly index = new Map<string, number>();

  /** `reader` is null where the model file holds no tensors. */
  constructor(model: WeightFile, reader: FileReader | null) {
    this.files = [model];
    this.model = reader;
    this.index.set(model.path, 0);
  }

  get reader(): FileReader {
    if (!this.model) throw new ImportError('bad-tensor', 'The model refers to data in a file without any.');
    return this.model;
  }

  /** From dense little-endian bytes that exist nowhere in that form. */
  fromBytes(dtype: DataType, shape: readonly number[], dense: Uint8Array): WeightExpr {
    if (countOf(shape) <= LITERAL_LIMIT) return literalWeight({ dtype, shape, bytes: dense });
    const path = writeDecoded(dense);
    return fileWeight(this.fileAt(path, dense.length), 0, dense.length, dtype, shape);
  }

  /** From runs of dense little-endian bytes in the model file that continue each other; `label` names the tensor in errors. */
  fromRanges(label: string, dtype: DataType, shape: readonly number[], ranges: readonly Range[]): WeightExpr {
    const count = countOf(shape);
    const bytes = byteLength(dtype, count);
    const have = ranges.reduce((n, [, length]) => n + length, 0);
    if (have !== bytes) {
      throw new ImportError(
        'bad-tensor',
        `${label} declares ${dtype} ${shape.join('×')}, which is ${bytes} bytes, but holds ${have}.`,
      );
    }
    if (count <= LITERAL_LIMIT) {
      const dense = new Uint8Array(bytes);
      let at = 0;
      for (const [offset, length] of ranges) {
        dense.set(this.reader.bytes(offset, length), at);
        at += length;
      }
      return literalWeight({ dtype, shape, bytes: dense });
    }
    if (ranges.length === 1) return fileWeight(0, ranges[0]![0], bytes, dtype, shape);
    // A field given in pieces continues where the piece before ended; pieces of whole elements can be joined lazily.
    const width = bytes / count;
    if (ranges.some(([, length]) => length % width !== 0)) {
      throw new ImportError('bad-tensor', `${label} is split inside an element.`);
    }
    const parts = ranges.filter(([, n]) => n > 0).map(([offset, n]) => fileWeight(0, offset, n, dtype, [n / width]));
    return reshapeWeight(concatWeights(parts, 0), shape);
  }

  /** From a run of bytes in another file. */
  fromFile(path: string, size: number, offset: number, dtype: DataType, shape: readonly number[]): WeightExpr {
    const bytes = byteLength(dtype, countOf(shape));
    if (countOf(shape) > LITERAL_LIMIT) return fileWeight(this.fileAt(path, size), offset, bytes, dtype, shape);
    const fd = openSync(path, 'r');
    try {
      return literalWeight({ dtype, shape, bytes: new FileReader(fd).bytes(offset, bytes) });
    } finally {
      closeSync(fd);
    }
  }

  /** The payload places that the skeleton left for one field, checked against the file. */
  places(label: string, payload: readonly number[], field: number): Range[] {
    const out: Range[] = [];
    for (let i = 0; i + 2 < payload.length; i += 3) {
      const [f, offset, length] = [payload[i]!, payload[i + 1]!, payload[i + 2]!];
      if (f !== field) continue;
      const ok = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
      if (!ok || offset + length > this.reader.size)
        throw new ImportError('bad-tensor', `${label} has a damaged payload.`);
      out.push([offset, length]);
    }
    return out;
  }

  private fileAt(path: string, size = statSync(path).size): number {
    const known = this.index.get(path);
    if (known !== undefined) return known;
    this.files.push({ path, size });
    this.index.set(path, this.files.length - 1);
    return this.files.length - 1;
  }
}
