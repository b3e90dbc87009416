import type { DataType } from '../../ir/dtype.ts';
import { UnsupportedUse } from '../op.ts';

/* The numbers of onnx.TensorProto.DataType, as Cast and its kin carry them in attributes. */

const CODES: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
};
const NAMES = new Map(Object.entries(CODES).map(([k, v]) => [v, k as DataType]));

export const codeOfDtype = (dtype: DataType): number => CODES[dtype];

/** undefined for element types that are not supported (complex numbers, 2- and 4-bit floats). */
export const findDtype = (code: number): DataType | undefined => NAMES.get(code);

export function dtypeOfCode(code: number): DataType {
  const d = NAMES.get(code);
  if (!d) throw new UnsupportedUse(`uses the element type number ${code}, which is not supported`);
  return d;
}
