import type { OpTable } from '../node.ts';
import { CONVOLUTION } from './convolution.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { LISTS } from './lists.ts';
import { MATRIX } from './matrix.ts';
import { NORMALIZATION } from './normalization.ts';
import { POOLING } from './pooling.ts';
import { REDUCE } from './reduce.ts';
import { RESIZE } from './resize.ts';
import { SHAPE } from './shape.ts';
import { SLICING } from './stridedSlice.ts';

/** Every operator that computes something, by its name in the file. Control flow and variables are in convert.ts. */
export const OPS: OpTable = {
  ...CONVOLUTION,
  ...ELEMENTWISE,
  ...LISTS,
  ...MATRIX,
  ...NORMALIZATION,
  ...POOLING,
  ...REDUCE,
  ...RESIZE,
  ...SHAPE,
  ...SLICING,
};
