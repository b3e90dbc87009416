import type { DataType } from '../../ir/dtype.ts';

/** TensorFlow's numbers of element types; references (from 100 on) are their types. */
const TYPES: Readonly<Record<number, DataType>> = {
  1: 'float32',
  2: 'float64',
  3: 'int32',
  4: 'uint8',
  5: 'int16',
  6: 'int8',
  7: 'string',
  9: 'int64',
  10: 'bool',
  14: 'bfloat16',
  17: 'uint16',
  19: 'float16',
  22: 'uint32',
  23: 'uint64',
};

export const RESOURCE = 20;
export const VARIANT = 21;

export const dtypeOf = (number: number): DataType | undefined => TYPES[number >= 100 ? number - 100 : number];
