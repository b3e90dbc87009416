import { codeOfDtype } from './common/dtypes.ts';
import { compute, shifted } from './common/integerForm.ts';
import { become } from './common/rewritten.ts';
import { count, shapeOfMinRank, shapeOfRank } from './common/shapes.ts';
import { explicitWindow, windowAttrs, windowOf, windowOutput } from './common/window.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'ConvInteger',
  category: 'convolution',
  since: [10],
  attrs: { ...windowAttrs, group: { type: 'int', default: 1 } },
  inputs: [2, 4],
  outputs: [1, 1],
  // Sums beyond 2^24 are rounded to float32 on the way.
  upgrades: [
    { below: Number.MAX_SAFE_INTEGER, apply: explicitWindow(true) },
    {
      below: Number.MAX_SAFE_INTEGER,
      apply(graph, node) {
        const operands = [shifted(graph, node, 0, 2, 1), shifted(graph, node, 1, 3, 0)];
        const sums = compute(graph, node, 'Conv', operands, node.attrs);
        become(graph, node, 'Cast', [sums], { to: codeOfDtype('int32') });
      },
    },
  ],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 3);
    const w = shapeOfRank(ctx, 1, x.length);
    const window = windowOf(ctx.node.attrs, x.slice(2), w.slice(2));
    return { types: [{ dtype: 'int32', shape: [x[0]!, w[0]!, ...windowOutput(x.slice(2), window)] }] };
  },
  flops: (_node, inputs, outputs) => 2 * count(outputs[0]!) * count(inputs[1]!.slice(1)),
});
