/** Element types, named as ONNX names them (lower case). `string` tensors are carried but never executed. */
export const DATA_TYPES = [
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
] as const;
export type DataType = (typeof DATA_TYPES)[number];

const BITS: Record<DataType, number> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  string: 0,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  bfloat16: 16,
  float8e4m3fn: 8,
  float8e4m3fnuz: 8,
  float8e5m2: 8,
  float8e5m2fnuz: 8,
  uint4: 4,
  int4: 4,
  float4e2m1: 4,
  float8e8m0: 8,
  uint2: 2,
  int2: 2,
};

/** Width of one element in bits (narrow types are packed, the first element in the low bits of a byte); 0 for strings. */
export function bitsOf(dtype: DataType): number {
  return BITS[dtype];
}

/** Bytes that `count` elements occupy when stored densely. */
export function byteLength(dtype: DataType, count: number): number {
  return Math.ceil((BITS[dtype] * count) / 8);
}

const FLOATS = new Set<DataType>([
  'float32',
  'float16',
  'float64',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'float8e8m0',
  'float4e2m1',
]);

export function isFloat(dtype: DataType): boolean {
  return FLOATS.has(dtype);
}

/** The numbers of onnx.TensorProto.DataType, which engine files use too. */
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
  float4e2m1: 23,
  float8e8m0: 24,
  uint2: 25,
  int2: 26,
};
const NAMES = new Map(Object.entries(CODES).map(([k, v]) => [v, k as DataType]));

export const codeOfDtype = (dtype: DataType): number => CODES[dtype];

/** undefined for element types that are not supported (complex numbers, 6-bit floats). */
export const findDtype = (code: number): DataType | undefined => NAMES.get(code);
