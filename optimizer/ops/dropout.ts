import type { Graph, Node } from '../ir/graph.ts';
import { fromNumbers, toNumbers } from '../ir/tensor.ts';
import { Composer } from './common/compose.ts';
import { typeAt } from './common/shapes.ts';
import { dropAttrs } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

/** The mask of inference: nothing is dropped. */
function mask(graph: Graph, node: Node): void {
  const kept = node.outputs[1];
  // Older exporters name a mask that nobody reads.
  // A training mode that is only known when the model runs decides otherwise.
  if (kept === undefined || graph.useCount(kept) === 0 || node.inputs[2] != null) return;
  const c = new Composer(graph, node, { attrs: {} });
  const value = fromNumbers('bool', [1], [1]);
  c.output(1, 'ConstantOfShape', [c.op('Shape', [c.input(0)])], { value });
  c.finish('Dropout', node.inputs, node.attrs);
}

/** Inference form: the ratio attribute and training flag mean nothing without training. */
export default defineOp({
  op: 'Dropout',
  category: 'other',
  since: [1, 6, 7, 10, 12, 13, 22],
  attrs: { seed: { type: 'int' } },
  inputs: [1, 3],
  outputs: [1, 2],
  upgrades: [
    { below: 12, apply: dropAttrs('ratio', 'is_test', 'consumed_inputs') },
    { below: Number.MAX_SAFE_INTEGER, apply: mask },
  ],
  infer(ctx) {
    if (ctx.literal(2) && toNumbers(ctx.literal(2)!)[0] !== 0)
      throw new OpError('is in training mode; export the model for inference');
    const x = typeAt(ctx, 0);
    return {
      types: [x, { dtype: 'bool' as const, shape: x.shape }].slice(0, ctx.node.outputs.length),
      data: [ctx.data(0)],
    };
  },
  flops: () => 0,
});
