import type { Node, NodeSpec, ValueId } from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import { literalWeight } from '../../ir/weights.ts';
import { attrInt, axisOf, isConstant, numbersOf, rankOf, shapeOf, sourcesOf } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';

const ints = (ctx: PassContext, ...data: readonly number[]): ValueId =>
  ctx.constant(literalWeight(fromNumbers('int64', [data.length], data))).id;

/** Taking consecutive indices is a slice; one index alone also loses its axis. */
const gatherToSlice: Rule = {
  name: 'gather-to-slice',
  title: 'Gather of consecutive indices → Slice',
  anchors: ['Gather'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const x = node.inputs[0]!;
    const indices = numbersOf(ctx, node.inputs[1]);
    const shape = shapeOf(graph, x);
    const rank = rankOf(graph, node.inputs[1]);
    if (!indices || indices.length === 0 || !shape || rank === null || rank > 1 || isConstant(graph, x)) return null;
    const axis = axisOf(attrInt(node, 'axis', 0), shape.length);
    const length = shape[axis]!;
    if (typeof length !== 'number') return null;
    const first = axisOf(indices[0]!, length);
    if (!indices.every((v, i) => axisOf(v, length) === first + i) || first + indices.length > length) return null;
    const out = graph.value(node.outputs[0]!);
    const common = { domain: '', attrs: {}, name: node.name, source: node.source };
    const sliced = shape.map((d, i) => (i === axis ? indices.length : d));
    const part = rank === 1 ? out : ctx.value({ name: '', type: { dtype: out.type.dtype, shape: sliced } });
    const bounds = [first, first + indices.length, axis, 1].map((v) => ints(ctx, v));
    const slice: NodeSpec = { ...common, op: 'Slice', inputs: [x, ...bounds], outputs: [part.id] };
    const squeeze: NodeSpec = { ...common, op: 'Squeeze', inputs: [part.id, ints(ctx, axis)], outputs: [out.id] };
    return {
      remove: [node.id],
      add: rank === 1 ? [slice] : [slice, squeeze],
      note: `Gather of ${indices.length === 1 ? `index ${first}` : `indices ${first} to ${first + indices.length - 1}`} on axis ${axis}`,
    };
  },
};

/** A run of one axis whose length is known. */
interface Run {
  readonly node: Node;
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

function runOf(node: Node, ctx: PassContext): Run | null {
  const shape = shapeOf(ctx.graph, node.inputs[0]);
  const [starts, ends] = [numbersOf(ctx, node.inputs[1]), numbersOf(ctx, node.inputs[2])];
  const axes = node.inputs[3] ? numbersOf(ctx, node.inputs[3]) : [0];
  const steps = node.inputs[4] ? numbersOf(ctx, node.inputs[4]) : [1];
  if (!shape || starts?.length !== 1 || ends?.length !== 1 || axes?.length !== 1 || steps?.[0] !== 1) return null;
  const axis = axisOf(axes[0]!, shape.length);
  const length = shape[axis]!;
  if (typeof length !== 'number') return null;
  const clamp = (v: number): number => Math.min(Math.max(axisOf(v, length), 0), length);
  return { node, axis, start: clamp(starts[0]!), end: clamp(ends[0]!) };
}

/** Slices that cut an axis into all its parts are a Split, which passes later read in place. */
const slicesToSplit: Rule = {
  name: 'slices-to-split',
  title: 'Slices that cover an axis → Split',
  anchors: ['Slice'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const x = node.inputs[0]!;
    const own = runOf(node, ctx);
    if (!own || isConstant(graph, x)) return null;
    const runs: Run[] = [];
    for (const u of graph.users(x)) {
      const r = u.index === 0 && u.node.op === 'Slice' && u.node.domain === '' ? runOf(u.node, ctx) : null;
      if (r?.axis === own.axis) runs.push(r);
    }
    runs.sort((a, b) => a.start - b.start || a.node.id - b.node.id);
    const length = shapeOf(graph, x)![own.axis];
    const covers = runs.every((r, i) => r.start === (runs[i - 1]?.end ?? 0) && r.end > r.start);
    if (runs.length < 2 || !covers || runs.at(-1)!.end !== length) return null;
    const parts = runs.map((r) => r.end - r.start);
    return {
      remove: runs.map((r) => r.node.id),
      add: [
        {
          op: 'Split',
          domain: '',
          name: node.name,
          attrs: { axis: own.axis },
          inputs: [x, ints(ctx, ...parts)],
          outputs: runs.map((r) => r.node.outputs[0]!),
          source: sourcesOf(...runs.map((r) => r.node)),
        },
      ],
      note: `${runs.length} slices of axis ${own.axis} are all its parts (${parts.join(' + ')})`,
    };
  },
};

export const slices: readonly Rule[] = [gatherToSlice, slicesToSplit];
