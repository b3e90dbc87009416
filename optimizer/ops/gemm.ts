import { broadcastShapes, count, dtypeOf, equalDim, hasInput, shapeOf, shapeOfRank } from './common/shapes.ts';
import { dropAttrs } from './common/upgrades.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'Gemm',
  category: 'matrix',
  since: [1, 6, 7, 9, 11, 13],
  attrs: {
    alpha: { type: 'float', default: 1 },
    beta: { type: 'float', default: 1 },
    transA: { type: 'int', default: 0 },
    transB: { type: 'int', default: 0 },
  },
  inputs: [2, 3],
  outputs: [1, 1],
  upgrades: [{ below: 7, apply: dropAttrs('broadcast') }],
  infer(ctx) {
    const a = shapeOfRank(ctx, 0, 2);
    const b = shapeOfRank(ctx, 1, 2);
    const [m, k] = ctx.attr<number>('transA') ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
    const [k2, n] = ctx.attr<number>('transB') ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
    equalDim(k, k2, 'the inner dimensions differ');
    if (hasInput(ctx, 2)) broadcastShapes([[m, n], shapeOf(ctx, 2)]);
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [m, n] }] };
  },
  flops: (node, inputs, outputs) => {
    const a = inputs[0]!;
    const k = node.attrs.transA ? a[0]! : a[1]!;
    return count(outputs[0]!) * (2 * k + (node.inputs[2] == null ? 0 : 1));
  },
});
