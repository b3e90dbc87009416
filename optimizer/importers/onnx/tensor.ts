import { byteLength, type DataType } from '../../ir/dtype.ts';
import type { WeightFile } from '../../ir/graph.ts';
import { LITERAL_LIMIT, type TensorLiteral } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { literalWeight } from '../../ir/weights.ts';
import { findDtype } from '../../ops/common/dtypes.ts';
import type { FileReader } from '../common/fileReader.ts';
import { FileWeights } from '../common/fileWeights.ts';
import { ImportError } from '../error.ts';
import { externalRange } from './external.ts';
import { int, type TensorProto } from './messages.ts';
import { bytesFromFields, bytesFromVarints, fieldOf } from './payload.ts';

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
  private readonly store: FileWeights;
  private readonly folder: string;

  constructor(model: WeightFile, reader: FileReader, folder: string) {
    this.store = new FileWeights(model, reader);
    this.folder = folder;
  }

  /** What weight expressions' file numbers refer to; the model is number 0. */
  get files(): readonly WeightFile[] {
    return this.store.files;
  }

  weight(t: TensorProto): WeightExpr {
    const { dtype, shape, count } = tensorType(t);
    if (dtype === 'string') return literalWeight(stringLiteral(t, shape, count));
    const bytes = byteLength(dtype, count);
    if (t.dataLocation === 1) return this.external(t, dtype, shape, bytes);
    const label = `Tensor "${t.name}"`;
    const raw = this.store.places(label, t.payload, 9);
    if (raw.length > 0) return this.store.fromRanges(label, dtype, shape, raw);
    if (t.rawData.length > 0) return this.fromRaw(t, dtype, shape, bytes);
    const typed = this.store.places(label, t.payload, fieldOf(dtype));
    const inline =
      t.floatData.length + t.int32Data.length + t.int64Data.length + t.doubleData.length + t.uint64Data.length > 0;
    if ((dtype === 'float32' || dtype === 'float64') && typed.length > 0 && count > LITERAL_LIMIT) {
      // A packed float field is the dense little-endian array itself.
      return this.store.fromRanges(label, dtype, shape, typed);
    }
    if (!inline && typed.length === 0) {
      if (count === 0) return literalWeight({ dtype, shape, bytes: new Uint8Array(0) });
      throw new ImportError('bad-tensor', `Tensor "${t.name}" of ${dtype} ${shape.join('×')} has no data.`);
    }
    const dense = inline
      ? bytesFromFields(t, dtype, count)
      : bytesFromVarints(t, this.store.reader, typed, dtype, count);
    return this.fromBytes(dtype, shape, dense);
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

  fromBytes(dtype: DataType, shape: readonly number[], dense: Uint8Array): WeightExpr {
    return this.store.fromBytes(dtype, shape, dense);
  }

  private fromRaw(t: TensorProto, dtype: DataType, shape: readonly number[], bytes: number): WeightExpr {
    if (t.rawData.length !== bytes) {
      throw new ImportError(
        'bad-tensor',
        `Tensor "${t.name}" declares ${dtype} ${shape.join('×')}, which is ${bytes} bytes, but holds ${t.rawData.length}.`,
      );
    }
    return this.store.fromBytes(dtype, shape, t.rawData.slice());
  }

  private external(t: TensorProto, dtype: DataType, shape: readonly number[], bytes: number): WeightExpr {
    const range = externalRange(t, this.folder, bytes);
    return this.store.fromFile(range.path, range.fileSize, range.offset, dtype, shape);
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
