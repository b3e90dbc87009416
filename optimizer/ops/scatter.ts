import { typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

/** The name of ScatterElements before opset 11. */
export default defineOp({
  op: 'Scatter',
  category: 'other',
  since: [9, 11],
  attrs: { axis: { type: 'int', default: 0 } },
  inputs: [3, 3],
  outputs: [1, 1],
  upgrades: [
    {
      below: Number.MAX_SAFE_INTEGER,
      apply: (graph, node) => void graph.updateNode(node.id, { op: 'ScatterElements' }),
    },
  ],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: () => 0,
});
