import { dtypeOfCode } from './common/dtypes.ts';
import { checkQuantization } from './common/quantizationChecks.ts';
import { count, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'QuantizeLinear',
  category: 'elementwise',
  since: [10, 13, 19, 21, 23, 24, 25, 28],
  attrs: {
    axis: { type: 'int', default: 1 },
    block_size: { type: 'int', default: 0 },
    output_dtype: { type: 'int', default: 0 },
    precision: { type: 'int', default: 0 },
    saturate: { type: 'int', default: 1 },
  },
  inputs: [2, 3],
  outputs: [1, 1],
  infer(ctx) {
    const code = ctx.attr<number>('output_dtype');
    const dtype = ctx.inputs[2]?.dtype ?? (code ? dtypeOfCode(code) : 'uint8');
    checkQuantization(ctx, dtype);
    return { types: [{ dtype, shape: typeAt(ctx, 0).shape }] };
  },
  flops: (_node, inputs) => 2 * count(inputs[0]!),
});
