import type { DimExpr } from '../ir/dim.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { dtypeOf, hasInput, normalAxis, shapeOf, staticInts } from './common/shapes.ts';
import { sliceLength } from './common/slice.ts';
import { addInts, withoutAttrs } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

function toInputs(graph: Graph, node: Node): void {
  const { starts, ends, axes } = node.attrs as Record<string, readonly number[] | undefined>;
  if (!starts || !ends) throw new OpError('has no starts or ends');
  const inputs = [node.inputs[0]!, addInts(graph, starts), addInts(graph, ends)];
  if (axes) inputs.push(addInts(graph, axes));
  graph.updateNode(node.id, { inputs, attrs: withoutAttrs(node.attrs, 'starts', 'ends', 'axes') });
}

export default defineOp({
  op: 'Slice',
  category: 'shape',
  since: [1, 10, 11, 13],
  attrs: {},
  inputs: [3, 5],
  outputs: [1, 1],
  upgrades: [{ below: 10, apply: toInputs }],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const dtype = dtypeOf(ctx, 0);
    const starts = ctx.data(1);
    const ends = ctx.data(2);
    const n = starts?.length ?? ends?.length ?? ctx.inputs[1]?.shape?.[0];
    const defaults = typeof n === 'number' ? Array.from({ length: n }, (_, i) => i) : null;
    const rawAxes = hasInput(ctx, 3) ? staticInts(ctx, 3) : defaults;
    const steps = hasInput(ctx, 4) ? staticInts(ctx, 4) : (defaults?.map(() => 1) ?? null);
    const axes = rawAxes?.map((a) => normalAxis(a, x.length)) ?? null;
    const shape = x.map((d, i) => {
      if (!axes) return ctx.fresh(`${i}`);
      const k = axes.indexOf(i);
      if (k < 0) return d;
      const [s, e, step] = [starts?.[k], ends?.[k], steps?.[k]];
      return s === undefined || e === undefined || step === undefined
        ? ctx.fresh(`${i}`)
        : sliceLength(d, s, e, step).length;
    });
    const data = ctx.data(0);
    let out: DimExpr[] | null = null;
    if (data && x.length === 1 && axes && starts && ends && steps && typeof x[0] === 'number') {
      const { start, length } = sliceLength(x[0], starts[0]!, ends[0]!, steps[0]!);
      if (typeof start === 'number' && typeof length === 'number')
        out = Array.from({ length }, (_, i) => data[start + i * steps[0]!]!);
    }
    return { types: [{ dtype, shape }], data: [out] };
  },
  flops: () => 0,
});
