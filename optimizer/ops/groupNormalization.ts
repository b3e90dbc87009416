import type { Graph, Node } from '../ir/graph.ts';
import { count, shapeOfMinRank, typeAt } from './common/shapes.ts';
import { addHelper, addInts, inputType } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

/** Up to opset 20 scale and bias had one number per group; they are spread over each group's channels. */
function perChannel(graph: Graph, node: Node): void {
  const channels = inputType(graph, node, 0)?.shape?.[1];
  const groups = node.attrs.num_groups as number;
  if (typeof channels !== 'number') throw new OpError('needs a known number of channels');
  const spread = (v: number | null): number => {
    const column = addHelper(graph, node, 'Reshape', [v, addInts(graph, [groups, 1])], { allowzero: 0 });
    const grid = addHelper(graph, node, 'Expand', [column, addInts(graph, [groups, channels / groups])]);
    return addHelper(graph, node, 'Reshape', [grid, addInts(graph, [channels])], { allowzero: 0 });
  };
  graph.updateNode(node.id, { inputs: [node.inputs[0]!, spread(node.inputs[1]!), spread(node.inputs[2]!)] });
}

export default defineOp({
  op: 'GroupNormalization',
  category: 'normalization',
  since: [18, 21],
  attrs: {
    epsilon: { type: 'float', default: Math.fround(1e-5) },
    num_groups: { type: 'int', required: true },
    stash_type: { type: 'int', default: 1 },
  },
  inputs: [3, 3],
  outputs: [1, 1],
  upgrades: [{ below: 21, apply: perChannel }],
  infer(ctx) {
    const channels = shapeOfMinRank(ctx, 0, 2)[1];
    const groups = ctx.attr<number>('num_groups');
    if (typeof channels === 'number' && channels % groups !== 0)
      throw new OpError(`${channels} channels do not divide into ${groups} groups`);
    return { types: [typeAt(ctx, 0)] };
  },
  flops: (_node, inputs) => 8 * count(inputs[0]!),
});
