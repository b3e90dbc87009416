import { dynamicQuantization } from './common/integerForm.ts';
import { become } from './common/rewritten.ts';
import { count, typeAt } from './common/shapes.ts';
import { addHelper } from './common/upgrades.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'DynamicQuantizeLinear',
  category: 'elementwise',
  since: [11],
  attrs: {},
  inputs: [1, 1],
  outputs: [3, 3],
  upgrades: [
    {
      below: Number.MAX_SAFE_INTEGER,
      apply(graph, node) {
        const [y, scale, zero] = node.outputs;
        const q = dynamicQuantization(graph, node, node.inputs[0]!);
        graph.updateNode(node.id, { outputs: [y!] });
        addHelper(graph, node, 'Identity', [q.scale], {}, scale);
        addHelper(graph, node, 'Identity', [q.zero], {}, zero);
        become(graph, node, 'QuantizeLinear', [node.inputs[0]!, q.scale, q.zero]);
      },
    },
  ],
  infer: (ctx) => ({
    types: [
      { dtype: 'uint8', shape: typeAt(ctx, 0).shape },
      { dtype: 'float32', shape: [] },
      { dtype: 'uint8', shape: [] },
    ],
  }),
  flops: (_node, inputs) => 4 * count(inputs[0]!),
});
