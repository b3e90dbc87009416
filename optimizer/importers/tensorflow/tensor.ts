import { byteLength, type DataType } from '../../ir/dtype.ts';
import { countOf, fromNumbers, LITERAL_LIMIT } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { evaluateWeight, literalWeight } from '../../ir/weights.ts';
import type { FileWeights } from '../common/fileWeights.ts';
import { ImportError } from '../error.ts';
import { int } from '../onnx/messages.ts';
import { packStrings } from '../onnx/tensor.ts';
import { dtypeOf } from './dtypes.ts';
import type { TensorProto, TensorShapeProto } from './messages.ts';

/** Lengths that a shape declares, −1 where open; null where not even their number is known. */
export const shapeOf = (s: TensorShapeProto | null | undefined): number[] | null =>
  !s || s.unknownRank ? null : s.dim.map((d) => int(d.size));

/** A constant: its bytes in the file, or a list of numbers of which the last fills up the rest. */
export function tensorWeight(t: TensorProto, store: FileWeights, label: string): WeightExpr {
  const dtype = dtypeOf(t.dtype);
  const shape = shapeOf(t.tensorShape) ?? [];
  if (!dtype)
    throw new ImportError(
      'unsupported-feature',
      `${label} has element type number ${t.dtype}, which is not supported.`,
    );
  if (shape.some((d) => d < 0 || !Number.isSafeInteger(d)))
    throw new ImportError('bad-tensor', `${label} has the impossible shape ${shape.join('×')}.`);
  const count = countOf(shape);
  if (dtype === 'string') {
    const strings = Array.from(
      { length: count },
      (_, i) => t.stringVal[Math.min(i, t.stringVal.length - 1)] ?? new Uint8Array(),
    );
    return literalWeight({ dtype, shape, bytes: packStrings(strings) });
  }
  const content = store.places(label, t.payload, 4);
  if (content.some(([, length]) => length > 0)) return store.fromRanges(label, dtype, shape, content);
  if (t.tensorContent.length > 0) {
    if (t.tensorContent.length !== byteLength(dtype, count))
      throw new ImportError(
        'bad-tensor',
        `${label} declares ${dtype} ${shape.join('×')} but holds ${t.tensorContent.length} bytes.`,
      );
    return store.fromBytes(dtype, shape, t.tensorContent.slice());
  }
  const packed = dtype === 'float32' ? 5 : dtype === 'float64' ? 6 : 0;
  const places = packed ? store.places(label, t.payload, packed) : [];
  const have = places.reduce((n, [, length]) => n + length, 0);
  if (have > 0 && have === byteLength(dtype, count)) return store.fromRanges(label, dtype, shape, places);
  return filled(t, dtype, shape, count, store, label);
}

/** Elements that a list shorter than its tensor is filled up to; longer tensors come as bytes. */
const MAX_FILL = 1 << 22;

function filled(
  t: TensorProto,
  dtype: DataType,
  shape: readonly number[],
  count: number,
  store: FileWeights,
  label: string,
): WeightExpr {
  const { values, bits } = listOf(t, dtype);
  if (values.length > count)
    throw new ImportError('bad-tensor', `${label} holds ${values.length} numbers for ${shape.join('×')}.`);
  const last = values.at(-1) ?? 0;
  const literal = (s: readonly number[], data: readonly number[]): ReturnType<typeof fromNumbers> => {
    // Half and bfloat16 come as bit patterns.
    const l = fromNumbers(bits ? 'uint16' : dtype, s, data);
    return { ...l, dtype };
  };
  if (count > LITERAL_LIMIT && values.length <= 1) {
    const dims = literalWeight(fromNumbers('int64', [shape.length], shape));
    return evaluateWeight('ConstantOfShape', { value: literal([1], [last]) }, [dims], dtype, shape);
  }
  if (count > MAX_FILL)
    throw new ImportError('bad-tensor', `${label} declares ${shape.join('×')} but holds ${values.length} numbers.`);
  const all = Array.from({ length: count }, (_, i) => values[i] ?? last);
  return store.fromBytes(dtype, shape, literal(shape, all).bytes);
}

function listOf(t: TensorProto, dtype: DataType): { values: readonly number[]; bits: boolean } {
  switch (dtype) {
    case 'float32':
      return { values: t.floatVal, bits: false };
    case 'float64':
      return { values: t.doubleVal, bits: false };
    case 'int64':
      return { values: t.int64Val.map(int), bits: false };
    case 'bool':
      return { values: t.boolVal.map(Number), bits: false };
    case 'uint32':
      return { values: t.uint32Val, bits: false };
    case 'uint64':
      return { values: t.uint64Val.map(int), bits: false };
    case 'float16':
    case 'bfloat16':
      return { values: t.halfVal, bits: true };
    default:
      return { values: t.intVal, bits: false };
  }
}
