import { compute, dequantized, dequantizedBias, quantizes } from './common/integerForm.ts';
import { count, dtypeOf, shapeOfMinRank, shapeOfRank } from './common/shapes.ts';
import { windowAttrs, windowOf, windowOutput } from './common/window.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'QLinearConv',
  category: 'convolution',
  since: [10],
  attrs: { ...windowAttrs, group: { type: 'int', default: 1 } },
  inputs: [8, 9],
  outputs: [1, 1],
  upgrades: [
    {
      below: Number.MAX_SAFE_INTEGER,
      apply(graph, node) {
        const [, xScale, , , wScale, , yScale, yZero, bias] = node.inputs;
        const operands = [
          dequantized(graph, node, 0),
          dequantized(graph, node, 3, 0),
          dequantizedBias(graph, node, bias, [xScale!, wScale!]),
        ];
        const real = compute(graph, node, 'Conv', operands[2] === null ? operands.slice(0, 2) : operands, node.attrs);
        quantizes(graph, node, real, yScale!, yZero);
      },
    },
  ],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 3);
    const w = shapeOfRank(ctx, 3, x.length);
    const window = windowOf(ctx.node.attrs, x.slice(2), w.slice(2));
    return { types: [{ dtype: dtypeOf(ctx, 7), shape: [x[0]!, w[0]!, ...windowOutput(x.slice(2), window)] }] };
  },
  flops: (_node, inputs, outputs) => 2 * count(outputs[0]!) * count(inputs[3]!.slice(1)),
});
