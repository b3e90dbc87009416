import { dimAdd, dimFloorDiv, dimMul, dimSub } from '../ir/dim.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { dtypeOf, hasInput, normalAxis, shapeOfMinRank, staticInts, UnknownRank } from './common/shapes.ts';
import { addInts, withInput, withoutAttrs } from './common/upgrades.ts';
import { defineOp } from './op.ts';

/** Up to opset 19 the axis was an attribute (default 1). */
function axisToInput(graph: Graph, node: Node): void {
  const axis = (node.attrs.axis as number | undefined) ?? 1;
  graph.updateNode(node.id, {
    inputs: withInput(node.inputs, 2, addInts(graph, [axis], [])),
    attrs: withoutAttrs(node.attrs, 'axis'),
  });
}

export default defineOp({
  op: 'DFT',
  category: 'matrix',
  since: [17, 20],
  attrs: { inverse: { type: 'int', default: 0 }, onesided: { type: 'int', default: 0 } },
  inputs: [1, 3],
  outputs: [1, 1],
  upgrades: [{ below: 20, apply: axisToInput }],
  infer(ctx) {
    const x = shapeOfMinRank(ctx, 0, 2);
    const given = hasInput(ctx, 2) ? staticInts(ctx, 2) : [-2];
    if (!given) throw new UnknownRank();
    const axis = normalAxis(given[0]!, x.length);
    const wanted = hasInput(ctx, 1) ? (ctx.data(1)?.[0] ?? ctx.fresh('length')) : null;
    const half = ctx.attr<number>('onesided') !== 0;
    const inverse = ctx.attr<number>('inverse') !== 0;
    // The inverse of a one-sided spectrum is real.
    const length = wanted ?? (half && inverse ? dimMul(2, dimSub(x[axis]!, 1)) : x[axis]!);
    const out = half && !inverse ? dimAdd(dimFloorDiv(length, 2), 1) : length;
    const shape = x.map((d, i) => (i === axis ? out : i === x.length - 1 ? (half && inverse ? 1 : 2) : d));
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }] };
  },
});
