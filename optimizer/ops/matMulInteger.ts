import { codeOfDtype } from './common/dtypes.ts';
import { compute, shifted } from './common/integerForm.ts';
import { matmulFlops, matmulShape } from './common/matmul.ts';
import { become } from './common/rewritten.ts';
import { shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'MatMulInteger',
  category: 'matrix',
  since: [10],
  attrs: {},
  inputs: [2, 4],
  outputs: [1, 1],
  // Sums beyond 2^24 are rounded to float32 on the way.
  upgrades: [
    {
      below: Number.MAX_SAFE_INTEGER,
      apply(graph, node) {
        const operands = [shifted(graph, node, 0, 2, -2), shifted(graph, node, 1, 3, -1)];
        become(graph, node, 'Cast', [compute(graph, node, 'MatMul', operands)], { to: codeOfDtype('int32') });
      },
    },
  ],
  infer: (ctx) => ({ types: [{ dtype: 'int32', shape: matmulShape(shapeOf(ctx, 0), shapeOf(ctx, 1)) }] }),
  flops: (_node, inputs, outputs) => matmulFlops(inputs[0]!, outputs[0]!),
});
