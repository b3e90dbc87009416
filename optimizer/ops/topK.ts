import { count, dtypeOf, normalAxis, shapeOfMinRank } from './common/shapes.ts';
import { addInts, withoutAttrs } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

export default defineOp({
  op: 'TopK',
  category: 'other',
  since: [1, 10, 11, 24],
  attrs: {
    axis: { type: 'int', default: -1 },
    largest: { type: 'int', default: 1 },
    sorted: { type: 'int', default: 1 },
  },
  inputs: [2, 2],
  outputs: [2, 2],
  upgrades: [
    {
      below: 10,
      apply: (graph, node) => {
        const k = node.attrs.k as number | undefined;
        if (k === undefined) throw new OpError('has no k');
        graph.updateNode(node.id, {
          inputs: [node.inputs[0]!, addInts(graph, [k])],
          attrs: withoutAttrs(node.attrs, 'k'),
        });
      },
    },
  ],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 1);
    const axis = normalAxis(ctx.attr<number>('axis'), x.length);
    const k = ctx.data(1)?.[0] ?? ctx.fresh('k');
    if (typeof k === 'number' && typeof x[axis] === 'number' && k > x[axis])
      throw new OpError(`wants ${k} elements of ${x[axis]}`);
    const shape = x.map((d, i) => (i === axis ? k : d));
    return {
      types: [
        { dtype: dtypeOf(ctx, 0), shape },
        { dtype: 'int64', shape },
      ],
    };
  },
  flops: (_node, inputs) => count(inputs[0]!),
});
