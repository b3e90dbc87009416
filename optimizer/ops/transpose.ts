import { permuteData } from './common/data.ts';
import { dtypeOf, shapeOf } from './common/shapes.ts';
import { inputType } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'Transpose',
  category: 'shape',
  since: [1, 13, 21, 23, 24, 25],
  attrs: { perm: { type: 'ints' } },
  inputs: [1, 1],
  outputs: [1, 1],
  // The default, reversing all dimensions, is written out.
  upgrades: [
    {
      below: Number.MAX_SAFE_INTEGER,
      apply: (graph, node) => {
        const rank = inputType(graph, node, 0)?.shape?.length;
        if (node.attrs.perm !== undefined || rank === undefined) return;
        graph.updateNode(node.id, { attrs: { perm: Array.from({ length: rank }, (_, i) => rank - 1 - i) } });
      },
    },
  ],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const perm = (ctx.node.attrs.perm as readonly number[] | undefined) ?? x.map((_, i) => x.length - 1 - i);
    if (perm.length !== x.length || [...perm].sort((a, b) => a - b).some((p, i) => p !== i)) {
      throw new OpError(`perm ${perm.join(', ')} is not an order of ${x.length} dimensions`);
    }
    return {
      types: [{ dtype: dtypeOf(ctx, 0), shape: perm.map((p) => x[p]!) }],
      data: [permuteData(ctx.data(0), x, perm)],
    };
  },
  flops: () => 0,
});
