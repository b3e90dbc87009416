import { compute, dequantized, quantizes } from './common/integerForm.ts';
import { matmulFlops, matmulShape } from './common/matmul.ts';
import { dtypeOf, shapeOf } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'QLinearMatMul',
  category: 'matrix',
  since: [10, 21],
  attrs: {},
  inputs: [8, 8],
  outputs: [1, 1],
  upgrades: [
    {
      below: Number.MAX_SAFE_INTEGER,
      apply(graph, node) {
        const operands = [dequantized(graph, node, 0, -2), dequantized(graph, node, 3, -1)];
        quantizes(graph, node, compute(graph, node, 'MatMul', operands), node.inputs[6]!, node.inputs[7]);
      },
    },
  ],
  infer: (ctx) => ({ types: [{ dtype: dtypeOf(ctx, 7), shape: matmulShape(shapeOf(ctx, 0), shapeOf(ctx, 3)) }] }),
  flops: (_node, inputs, outputs) => matmulFlops(inputs[0]!, outputs[0]!),
});
