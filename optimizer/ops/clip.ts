import type { Graph, Node } from '../ir/graph.ts';
import { fromNumbers } from '../ir/tensor.ts';
import { count, typeAt } from './common/shapes.ts';
import { addLiteral, inputType, withInput, withoutAttrs } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

/** min and max were attributes up to opset 10; their defaults are the ends of the type, so absent ones stay absent. */
function boundsToInputs(graph: Graph, node: Node): void {
  const dtype = inputType(graph, node, 0)?.dtype ?? 'float32';
  let inputs = node.inputs;
  (['min', 'max'] as const).forEach((name, i) => {
    const v = node.attrs[name];
    if (typeof v === 'number') inputs = withInput(inputs, i + 1, addLiteral(graph, fromNumbers(dtype, [], [v])));
  });
  graph.updateNode(node.id, { inputs, attrs: withoutAttrs(node.attrs, 'min', 'max') });
}

export default defineOp({
  op: 'Clip',
  category: 'activation',
  since: [1, 6, 11, 12, 13],
  attrs: {},
  inputs: [1, 3],
  outputs: [1, 1],
  pointwise: true,
  upgrades: [{ below: 11, apply: boundsToInputs }],
  infer(ctx) {
    for (const i of [1, 2]) {
      const bound = ctx.inputs[i];
      if (bound?.shape && bound.shape.length > 1) throw new OpError('min and max must be scalars');
    }
    return { types: [typeAt(ctx, 0)] };
  },
  flops: (_node, _inputs, outputs) => 2 * count(outputs[0]!),
});
