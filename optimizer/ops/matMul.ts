import { matmulFlops, matmulShape } from './common/matmul.ts';
import { dtypeOf, shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'MatMul',
  category: 'matrix',
  since: [1, 9, 13],
  attrs: {},
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [{ dtype: dtypeOf(ctx, 0), shape: matmulShape(shapeOf(ctx, 0), shapeOf(ctx, 1)) }] }),
  flops: (_node, inputs, outputs) => matmulFlops(inputs[0]!, outputs[0]!),
});
