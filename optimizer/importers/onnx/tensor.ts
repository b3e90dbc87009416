import { closeSync, openSync, statSync } from 'node:fs';
import { byteLength, type DataType } from '../../ir/dtype.ts';
import type { WeightFile } from '../../ir/graph.ts';
import { LITERAL_LIMIT, type TensorLiteral } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { concatWeights, fileWeight, literalWeight, reshapeWeight } from '../../ir/weights.ts';
import { findDtype } from '../../ops/common/dtypes.ts';
import { ImportError } from '../error.ts';
import { writeDecoded } from '../common/decoded.ts';
import { externalRange } from './external.ts';
import { int, type TensorProto } from './messages.ts';
import { bytesFromFields, bytesFromVarints, fieldOf } from './payload.ts';
import { FileReader } from '../common/fileReader.ts';

/** Element type and shape that a tensor declares. */
export function tensorType(t: TensorProto): { dtype: DataType; shape: number[]; count: number } {
  const dtype = findDtype(t.dataType);
  if (!dtype) {
    throw new ImportError(
      'unsupported-feature',
      `Tensor "${t.name}" has element type number ${t.dataType}, which is not supported.`,
    );
  }
  const shape = t.dims.map(int);
  const count = shape.reduce((a, b) => a * b, 1);
  if (shape.some((d) => d < 0) || !Number.isSafeInteger(count * 8)) {
    throw new ImportError('bad-tensor', `Tensor "${t.name}" has the impossible shape ${shape.join('×')}.`);
  }
  return { dtype, shape, count };
}

/** Turns tensors into weight expressions: small ones become literals, others ranges of files. */
export class TensorSource {
  /** What weight expressions' file numbers refer to; the model is number 0. */
  readonly files: WeightFile[];
  private readonly reader: FileReader;
  private readonly folder: string;
  private readonly fileIndex = new Map<string, number>();

  constructor(model: WeightFile, reader: FileReader, folder: string) {
    this.files = [model];
    this.reader = reader;
    this.folder = folder;
  }

  weight(t: TensorProto): WeightExpr {
    const { dtype, shape, count } = tensorType(t);
    if (dtype === 'string') return literalWeight(stringLiteral(t, shape, count));
    const bytes = byteLength(dtype, count);
    if (t.dataLocation === 1) return this.external(t, dtype, shape, bytes);
    const raw = this.ranges(t, 9);
    if (raw.length > 0 || t.rawData.length > 0) return this.fromRaw(t, raw, dtype, shape, count, bytes);
    const typed = this.ranges(t, fieldOf(dtype));
    const inline =
      t.floatData.length + t.int32Data.length + t.int64Data.length + t.doubleData.length + t.uint64Data.length > 0;
    if ((dtype === 'float32' || dtype === 'float64') && typed.length > 0 && count > LITERAL_LIMIT) {
      // A packed float field is the dense little-endian array itself.
      return this.fromRaw(t, typed, dtype, shape, count, bytes);
    }
    if (!inline && typed.length === 0) {
      if (count === 0) return literalWeight({ dtype, shape, bytes: new Uint8Array(0) });
      throw new ImportError('bad-tensor', `Tensor "${t.name}" of ${dtype} ${shape.join('×')} has no data.`);
    }
    const dense = inline ? bytesFromFields(t, dtype, count) : bytesFromVarints(t, this.reader, typed, dtype, count);
    return this.fromBytes(dtype, shape, count, dense);
  }

  /** A tensor that must fit into memory: an attribute. */
  literal(t: TensorProto): TensorLiteral {
    const w = this.weight(t);
    if (w.kind !== 'literal') {
      throw new ImportError(
        'unsupported-feature',
        `Tensor "${t.name}" is an attribute of ${w.shape.join('×')} elements; attributes may have ${LITERAL_LIMIT}.`,
      );
    }
    return w.value;
  }

  fromBytes(dtype: DataType, shape: readonly number[], count: number, dense: Uint8Array): WeightExpr {
    if (count <= LITERAL_LIMIT) return literalWeight({ dtype, shape, bytes: dense });
    const path = writeDecoded(dense);
    return fileWeight(this.fileAt(path, dense.length), 0, dense.length, dtype, shape);
  }

  private ranges(t: TensorProto, field: number): [number, number][] {
    const out: [number, number][] = [];
    for (let i = 0; i + 2 < t.payload.length; i += 3) {
      const [f, offset, length] = [t.payload[i]!, t.payload[i + 1]!, t.payload[i + 2]!];
      if (f !== field) continue;
      if (
        !Number.isSafeInteger(offset) ||
        !Number.isSafeInteger(length) ||
        offset < 0 ||
        length < 0 ||
        offset + length > this.reader.size
      ) {
        throw new ImportError('bad-tensor', `Tensor "${t.name}" has a damaged payload.`);
      }
      out.push([offset, length]);
    }
    return out;
  }

  private fromRaw(
    t: TensorProto,
    ranges: readonly (readonly [number, number])[],
    dtype: DataType,
    shape: readonly number[],
    count: number,
    bytes: number,
  ): WeightExpr {
    const have = ranges.length > 0 ? ranges.reduce((n, [, length]) => n + length, 0) : t.rawData.length;
    if (have !== bytes) {
      throw new ImportError(
        'bad-tensor',
        `Tensor "${t.name}" declares ${dtype} ${shape.join('×')}, which is ${bytes} bytes, but holds ${have}.`,
      );
    }
    if (count <= LITERAL_LIMIT) {
      const dense = new Uint8Array(bytes);
      let at = 0;
      if (ranges.length === 0) dense.set(t.rawData);
      for (const [offset, length] of ranges) {
        dense.set(this.reader.bytes(offset, length), at);
        at += length;
      }
      return literalWeight({ dtype, shape, bytes: dense });
    }
    if (ranges.length === 0) return this.fromBytes(dtype, shape, count, t.rawData.slice());
    if (ranges.length === 1) return fileWeight(0, ranges[0]![0], bytes, dtype, shape);
    // A field given in pieces continues where the piece before ended; pieces of whole elements can be joined lazily.
    const width = bytes / count;
    if (ranges.some(([, length]) => length % width !== 0)) {
      throw new ImportError('bad-tensor', `Tensor "${t.name}" is split inside an element.`);
    }
    const parts = ranges.filter(([, n]) => n > 0).map(([offset, n]) => fileWeight(0, offset, n, dtype, [n / width]));
    return reshapeWeight(concatWeights(parts, 0), shape);
  }

  private external(t: TensorProto, dtype: DataType, shape: readonly number[], bytes: number): WeightExpr {
    const range = externalRange(t, this.folder, bytes);
    const count = shape.reduce((a, b) => a * b, 1);
    if (count > LITERAL_LIMIT) {
      return fileWeight(this.fileAt(range.path, range.fileSize), range.offset, bytes, dtype, shape);
    }
    const fd = openSync(range.path, 'r');
    try {
      return literalWeight({ dtype, shape, bytes: new FileReader(fd).bytes(range.offset, bytes) });
    } finally {
      closeSync(fd);
    }
  }

  private fileAt(path: string, size = statSync(path).size): number {
    const known = this.fileIndex.get(path);
    if (known !== undefined) return known;
    this.files.push({ path, size });
    this.fileIndex.set(path, this.files.length - 1);
    return this.files.length - 1;
  }
}

function stringLiteral(t: TensorProto, shape: readonly number[], count: number): TensorLiteral {
  if (t.stringData.length !== count) {
    throw new ImportError(
      'bad-tensor',
      `Tensor "${t.name}" has ${t.stringData.length} strings where its shape needs ${count}.`,
    );
  }
  return { dtype: 'string', shape, bytes: packStrings(t.stringData) };
}

/** Strings are carried, never computed with: each is a 32-bit little-endian length and its UTF-8 bytes. */
export function packStrings(strings: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(strings.reduce((n, s) => n + 4 + s.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const s of strings) {
    view.setUint32(at, s.length, true);
    bytes.set(s, at + 4);
    at += 4 + s.length;
  }
  return bytes;
}
