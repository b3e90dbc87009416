import { count, dtypeOf, shapeOfMinRank, shapeOfRank } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'GridSample',
  category: 'other',
  since: [16, 20, 22],
  attrs: {
    align_corners: { type: 'int', default: 0 },
    mode: { type: 'string', default: 'linear' },
    padding_mode: { type: 'string', default: 'zeros' },
  },
  inputs: [2, 2],
  outputs: [1, 1],
  upgrades: [
    {
      below: 20,
      apply: (graph, node) => {
        const names: Record<string, string> = { bilinear: 'linear', bicubic: 'cubic' };
        const mode = (node.attrs.mode as string | undefined) ?? 'bilinear';
        graph.updateNode(node.id, { attrs: { ...node.attrs, mode: names[mode] ?? mode } });
      },
    },
  ],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 3);
    const grid = shapeOfRank(ctx, 1, x.length);
    return { types: [{ dtype: dtypeOf(ctx, 0), shape: [x[0]!, x[1]!, ...grid.slice(1, -1)] }] };
  },
  flops: (_node, _inputs, outputs) => 10 * count(outputs[0]!),
});
