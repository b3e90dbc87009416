import type { Graph, Node } from '../ir/graph.ts';
import { count, dtypeOf, equalDim, typeAt } from './common/shapes.ts';
import { withoutAttrs } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

/**
 * Up to opset 13 inference had four more outputs that mean nothing, and up to 8 `spatial`. Every version is brought to
 * the inference form: one output.
 */
function inferenceForm(graph: Graph, node: Node): void {
  if (node.attrs.spatial === 0)
    throw new OpError('normalizes every element by itself (spatial = 0); re-export the model at opset 9 or later');
  const [y, ...rest] = node.outputs;
  for (const v of rest) {
    if (graph.users(v).length > 0 || graph.isOutput(v))
      throw new OpError('is in training form: its running statistics are used as results');
    graph.removeValue(v);
  }
  graph.updateNode(node.id, {
    outputs: [y!],
    attrs: withoutAttrs(node.attrs, 'spatial', 'momentum', 'is_test', 'consumed_inputs'),
  });
}

export default defineOp({
  op: 'BatchNormalization',
  category: 'normalization',
  since: [1, 6, 7, 9, 14, 15],
  attrs: {
    epsilon: { type: 'float', default: Math.fround(1e-5) },
    momentum: { type: 'float', default: Math.fround(0.9) },
    training_mode: { type: 'int', default: 0 },
  },
  inputs: [5, 5],
  outputs: [1, 3],
  upgrades: [{ below: 14, apply: inferenceForm }],
  infer(ctx) {
    if (ctx.attr<number>('training_mode') !== 0)
      throw new OpError('is in training mode; export the model for inference');
    const { shape } = typeAt(ctx, 0);
    const channels = shape && shape.length > 1 ? shape[1]! : 1;
    for (let i = 1; i < 5 && shape; i++) {
      const s = ctx.inputs[i]?.shape;
      if (s) equalDim(s.length === 1 ? s[0]! : -1, channels, `input ${i} does not have one number per channel`);
    }
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }] };
  },
  flops: (_node, inputs) => 2 * count(inputs[0]!),
});
