import { matmulFlops, matmulShape } from './common/matmul.ts';
import { shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'MatMulInteger',
  category: 'matrix',
  since: [10],
  attrs: {},
  inputs: [2, 4],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [{ dtype: 'int32', shape: matmulShape(shapeOf(ctx, 0), shapeOf(ctx, 1)) }] }),
  flops: (_node, inputs, outputs) => matmulFlops(inputs[0]!, outputs[0]!),
});
