import type { Graph, Node } from '../ir/graph.ts';
import { pointwiseOf } from './common/pointwise.ts';
import { addHelper, addInts, inputType } from './common/upgrades.ts';

/** Up to opset 6 a slope per channel was a plain list. */
function slopePerChannel(graph: Graph, node: Node): void {
  const rank = inputType(graph, node, 0)?.shape?.length ?? 0;
  const slope = inputType(graph, node, 1)?.shape;
  if (slope?.length !== 1 || slope[0] === 1 || rank < 3) return;
  const axes = addInts(
    graph,
    Array.from({ length: rank - 2 }, (_, i) => i + 1),
  );
  graph.updateNode(node.id, {
    inputs: [node.inputs[0]!, addHelper(graph, node, 'Unsqueeze', [node.inputs[1]!, axes])],
  });
}

export default pointwiseOf('PRelu', [2, 2], {
  since: [1, 6, 7, 9, 16],
  category: 'activation',
  cost: 2,
  upgrades: [{ below: 7, apply: slopePerChannel }],
});
