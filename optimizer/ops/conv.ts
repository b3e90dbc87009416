import { dimMul, shapeText } from '../ir/dim.ts';
import { count, dtypeOf, equalDim, hasInput, shapeOfMinRank, shapeOfRank } from './common/shapes.ts';
import { explicitWindow, windowAttrs, windowOf, windowOutput } from './common/window.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'Conv',
  category: 'convolution',
  since: [1, 11, 22],
  attrs: { ...windowAttrs, group: { type: 'int', default: 1 } },
  inputs: [2, 3],
  outputs: [1, 1],
  upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply: explicitWindow(true) }],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 3);
    const w = shapeOfRank(ctx, 1, x.length);
    const group = ctx.attr<number>('group');
    equalDim(
      x[1]!,
      dimMul(w[1]!, group),
      `${shapeText(x)} has other channels than weights ${shapeText(w)} in ${group} groups take`,
    );
    if (typeof w[0] === 'number' && w[0] % group !== 0)
      throw new OpError(`${w[0]} output channels do not divide into ${group} groups`);
    if (hasInput(ctx, 2))
      equalDim(shapeOfRank(ctx, 2, 1)[0]!, w[0]!, 'the bias has another length than the output channels');
    const window = windowOf(ctx.node.attrs, x.slice(2), w.slice(2));
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [x[0]!, w[0]!, ...windowOutput(x.slice(2), window)] }] };
  },
  // Multiply-adds count twice; the bias once.
  flops: (node, inputs, outputs) =>
    count(outputs[0]!) * (2 * count(inputs[1]!.slice(1)) + (node.inputs[2] == null ? 0 : 1)),
});
