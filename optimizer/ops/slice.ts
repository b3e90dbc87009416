import { isStatic, type Shape } from '../ir/dim.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { sliceData } from './common/data.ts';
import { dtypeOf, hasInput, knownLength, normalAxis, shapeOf, staticInts } from './common/shapes.ts';
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
    const n = starts?.length ?? ends?.length ?? knownLength(ctx, 1);
    const defaults = n !== null ? Array.from({ length: n }, (_, i) => i) : null;
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
    let data = ctx.data(0);
    let at: Shape = x;
    axes?.forEach((axis, k) => {
      const [s, e, step] = [starts?.[k], ends?.[k], steps?.[k]];
      if (!data || !isStatic(at) || s === undefined || e === undefined || step === undefined) data = null;
      else {
        const { start, length } = sliceLength(at[axis]!, s, e, step);
        const known = typeof start === 'number' && typeof length === 'number';
        data = known ? sliceData(data, at, axis, start, length, step) : null;
        at = at.map((d, i) => (i === axis ? length : d));
      }
    });
    return { types: [{ dtype, shape }], data: [axes ? data : null] };
  },
  flops: () => 0,
});
