import { elementCount } from '../ir/dim.ts';
import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Size',
  category: 'shape',
  since: [1, 13, 19, 21, 23, 24, 25],
  attrs: {},
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const { shape } = typeAt(ctx, 0);
    return { types: [{ dtype: 'int64', shape: [] }], data: [shape && [elementCount(shape)]] };
  },
  flops: () => 0,
});
