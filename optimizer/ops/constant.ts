import { type TensorLiteral, toNumbers } from '../ir/tensor.ts';
import { DATA_LIMIT } from './common/data.ts';
import { count } from './common/shapes.ts';
import { defineOp } from './op.ts';

/** Importers turn constants into values; this definition serves graphs that were built by hand. */
export default defineOp({
  op: 'Constant',
  category: 'other',
  since: [1, 9, 11, 12, 13, 19, 21, 23, 24, 25],
  attrs: { value: { type: 'tensor', required: true } },
  inputs: [0, 0],
  outputs: [1, 1],
  infer(ctx) {
    const v = ctx.attr<TensorLiteral>('value');
    const whole = v.dtype === 'int64' || v.dtype === 'int32';
    return {
      types: [{ dtype: v.dtype, shape: v.shape }],
      data: [whole && count(v.shape) <= DATA_LIMIT ? toNumbers(v) : null],
    };
  },
  flops: () => 0,
});
