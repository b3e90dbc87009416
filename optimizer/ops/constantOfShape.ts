import { elementCount, shapeText } from '../ir/dim.ts';
import { type TensorLiteral, toNumbers } from '../ir/tensor.ts';
import { DATA_LIMIT } from './common/data.ts';
import { knownLength } from './common/shapes.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'ConstantOfShape',
  category: 'other',
  since: [9, 20, 21, 23, 24, 25],
  attrs: { value: { type: 'tensor' } },
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    const value = ctx.node.attrs.value as TensorLiteral | undefined;
    const dtype = value?.dtype ?? 'float32';
    const shape = ctx.data(0);
    if (shape) {
      if (shape.some((d) => typeof d === 'number' && d < 0)) throw new OpError(`makes a tensor of ${shapeText(shape)}`);
      const total = elementCount(shape);
      const fill = value ? toNumbers(value)[0]! : 0;
      const small = typeof total === 'number' && total <= DATA_LIMIT;
      return { types: [{ dtype, shape }], data: [small ? new Array<number>(total).fill(fill) : null] };
    }
    const rank = knownLength(ctx, 0);
    return {
      types: [{ dtype, shape: rank !== null ? Array.from({ length: rank }, (_, i) => ctx.fresh(`${i}`)) : null }],
    };
  },
  flops: () => 0,
});
