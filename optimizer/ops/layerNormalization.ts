import type { TensorType } from '../ir/graph.ts';
import { count, normalAxis, shapeOf, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'LayerNormalization',
  category: 'normalization',
  since: [17],
  attrs: {
    axis: { type: 'int', default: -1 },
    epsilon: { type: 'float', default: Math.fround(1e-5) },
    stash_type: { type: 'int', default: 1 },
  },
  inputs: [2, 3],
  outputs: [1, 3],
  infer(ctx) {
    const x = typeAt(ctx, 0);
    const shape = shapeOf(ctx, 0);
    const axis = normalAxis(ctx.attr<number>('axis'), shape.length);
    const stat: TensorType = { dtype: 'float32', shape: shape.map((d, i) => (i < axis ? d : 1)) };
    return { types: [x, stat, stat].slice(0, ctx.node.outputs.length) };
  },
  flops: (_node, inputs) => 8 * count(inputs[0]!),
});
