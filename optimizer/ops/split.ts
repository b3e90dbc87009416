import { type DimExpr, dimAdd, dimCeilDiv, dimMul, dimSub } from '../ir/dim.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { dtypeOf, hasInput, normalAxis, shapeOf } from './common/shapes.ts';
import { addInts, withInput, withoutAttrs } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

/** Without sizes the parts are equal (the last may be smaller, from opset 18 on); the number of parts is made explicit. */
function explicitParts(graph: Graph, node: Node): void {
  const split = node.attrs.split as readonly number[] | undefined;
  const attrs = withoutAttrs(node.attrs, 'split');
  if (split) graph.updateNode(node.id, { attrs, inputs: withInput(node.inputs, 1, addInts(graph, split)) });
  else if (node.inputs[1] == null) graph.updateNode(node.id, { attrs: { ...attrs, num_outputs: node.outputs.length } });
}

export default defineOp({
  op: 'Split',
  category: 'shape',
  since: [1, 2, 11, 13, 18],
  attrs: { axis: { type: 'int', default: 0 }, num_outputs: { type: 'int' } },
  inputs: [1, 2],
  outputs: [1, Number.MAX_SAFE_INTEGER],
  upgrades: [{ below: 18, apply: explicitParts }],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const axis = normalAxis(ctx.attr<number>('axis'), x.length);
    const parts = ctx.node.outputs.length;
    const d = x[axis]!;
    let sizes: readonly DimExpr[];
    if (hasInput(ctx, 1)) {
      sizes = ctx.data(1) ?? ctx.node.outputs.map((_, i) => ctx.fresh(`part${i}`));
      if (sizes.length !== parts) throw new OpError(`has ${parts} outputs but ${sizes.length} sizes`);
      const sum = dimAdd(...sizes);
      if (typeof sum === 'number' && typeof d === 'number' && sum !== d)
        throw new OpError(`sizes ${sizes.join(', ')} do not sum to ${d}`);
    } else {
      const size = dimCeilDiv(d, parts);
      sizes = ctx.node.outputs.map((_, i) => (i < parts - 1 ? size : dimSub(d, dimMul(size, parts - 1))));
    }
    const data = ctx.data(0);
    const known = data && x.length === 1 && sizes.every((s) => typeof s === 'number');
    let at = 0;
    return {
      types: sizes.map((s) => ({ dtype: dtypeOf(ctx, 0), shape: x.map((e, i) => (i === axis ? s : e)) })),
      data: sizes.map((s) => (known ? data.slice(at, (at += s as number)) : null)),
    };
  },
  flops: () => 0,
});
