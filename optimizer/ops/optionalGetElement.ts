import { sequenceOp } from './common/sequences.ts';
import { typeAt } from './common/shapes.ts';
import { inputType } from './common/upgrades.ts';

export default sequenceOp({
  op: 'OptionalGetElement',
  since: [15, 18, 28],
  attrs: {},
  inputs: [1, 1],
  outputs: [1, 1],
  // Of a tensor or a sequence that is always there it is that.
  upgrades: [
    {
      below: Number.MAX_SAFE_INTEGER,
      apply: (graph, node) => {
        const type = inputType(graph, node, 0);
        if (type && !type.optional && !type.guessed) graph.updateNode(node.id, { op: 'Identity', attrs: {} });
      },
    },
  ],
  infer(ctx) {
    const { optional: _, ...type } = typeAt(ctx, 0);
    return { types: [type] };
  },
});
