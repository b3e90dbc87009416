import type { Graph, Node } from '../ir/graph.ts';
import { fromNumbers } from '../ir/tensor.ts';
import { addLiteral } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

/** Replaced by Resize in opset 10: positions map asymmetrically, nearest rounds down. */
function toResize(graph: Graph, node: Node): void {
  const scales = node.attrs.scales as readonly number[] | undefined;
  const input = scales ? addLiteral(graph, fromNumbers('float32', [scales.length], scales)) : node.inputs[1]!;
  const mode = (node.attrs.mode as string | undefined) ?? 'nearest';
  graph.updateNode(node.id, {
    op: 'Resize',
    inputs: [node.inputs[0]!, null, input],
    attrs: {
      mode: mode === 'bilinear' ? 'linear' : mode,
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    },
  });
}

export default defineOp({
  op: 'Upsample',
  category: 'other',
  since: [7, 9, 10],
  attrs: { mode: { type: 'string', default: 'nearest' }, scales: { type: 'floats' } },
  inputs: [1, 2],
  outputs: [1, 1],
  upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply: toResize }],
  infer: () => {
    throw new OpError('is written as Resize in this graph');
  },
});
