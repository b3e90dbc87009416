import type { Graph, Node, TensorType } from '../ir/graph.ts';
import { Composer } from './common/compose.ts';
import { count, normalAxis, shapeOf, typeAt } from './common/shapes.ts';
import { defineOp, type OpDef } from './op.ts';

/** Mean and inverse deviation as results: computed beside the normalization, which then has one result. */
function statistics(graph: Graph, node: Node): void {
  if (node.outputs.length === 1) return;
  const c = new Composer(graph, node, { attrs });
  const rank = c.rank(0);
  const axis = normalAxis(c.attr('axis'), rank);
  const axes = c.ints(Array.from({ length: rank - axis }, (_, i) => axis + i));
  const x = c.dtype(0) === 'float32' ? c.input(0) : c.op('Cast', [c.input(0)], { to: 1 });
  const mean = c.op('ReduceMean', [x, axes]);
  const centred = c.op('Sub', [x, mean]);
  const variance = c.op('ReduceMean', [c.op('Mul', [centred, centred]), axes]);
  const deviation = c.op('Sqrt', [c.op('Add', [variance, c.scalar('float32', c.attr('epsilon'))])]);
  c.output(1, 'Identity', [mean]);
  c.output(2, 'Reciprocal', [deviation]);
  c.finish('LayerNormalization', node.inputs, node.attrs);
}

const attrs: OpDef['attrs'] = {
  axis: { type: 'int', default: -1 },
  epsilon: { type: 'float', default: Math.fround(1e-5) },
  stash_type: { type: 'int', default: 1 },
};

export default defineOp({
  op: 'LayerNormalization',
  category: 'normalization',
  since: [17],
  attrs,
  inputs: [2, 3],
  outputs: [1, 3],
  upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply: statistics }],
  infer(ctx) {
    const x = typeAt(ctx, 0);
    const shape = shapeOf(ctx, 0);
    const axis = normalAxis(ctx.attr<number>('axis'), shape.length);
    const stat: TensorType = { dtype: 'float32', shape: shape.map((d, i) => (i < axis ? d : 1)) };
    return { types: [x, stat, stat].slice(0, ctx.node.outputs.length) };
  },
  flops: (_node, inputs) => 8 * count(inputs[0]!),
});
