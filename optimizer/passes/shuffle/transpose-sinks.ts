import { sameShape } from '../../ir/dim.ts';
import type { Node, NodeSpec, ValueId } from '../../ir/graph.ts';
import { countOf } from '../../ir/tensor.ts';
import { reshapeWeight, transposeWeight } from '../../ir/weights.ts';
import { attrInt, attrInts, axisOf, producerOf, rankOf, shapeOf, sourcesOf, weightOf } from '../match.ts';
import type { PassContext, Refusal, Rule } from '../pass.ts';
import { isPointwise, POINTWISE_OPS } from '../pointwise-ops.ts';

/** The transposes in front of a node's computed operands, when all have one permutation and no other reader. */
function common(
  ctx: PassContext,
  operands: readonly ValueId[],
): { perm: readonly number[]; nodes: Node[] } | Refusal | null {
  const { graph } = ctx;
  const nodes: Node[] = [];
  let perm: readonly number[] | null = null;
  let other: ValueId | null = null;
  for (const v of operands) {
    const t = producerOf(graph, v, 'Transpose');
    const p = t && attrInts(t, 'perm');
    if (!t || !p || (perm !== null && String(perm) !== String(p))) {
      other = v;
      continue;
    }
    perm ??= p;
    nodes.push(t);
  }
  if (perm === null) return null;
  if (other !== null) return { refused: 'operand-order', args: { operand: graph.value(other).name || String(other) } };
  for (const t of nodes) {
    const reads = graph.useCount(t.outputs[0]!);
    if (graph.isOutput(t.outputs[0]!) || reads !== operands.filter((v) => v === t.outputs[0]).length) {
      return { refused: 'output-read', args: { n: reads } };
    }
  }
  return { perm, nodes: [...new Set(nodes)] };
}

/** op(transpose(x)) → transpose(op(x)): the transpose comes nearer to one that it may cancel. */
export const transposeThroughPointwise: Rule = {
  name: 'transpose-through-pointwise',
  title: 'Transpose moved behind an elementwise operator',
  anchors: POINTWISE_OPS,
  rewrite(node, ctx) {
    const { graph } = ctx;
    if (!isPointwise(node)) return null;
    const operands = node.inputs.filter((v): v is ValueId => v !== null && !weightOf(graph, v));
    const found = common(ctx, operands);
    if (found === null || 'refused' in found) return found;
    const { perm, nodes } = found;
    const out = graph.value(node.outputs[0]!);
    const shape = shapeOf(graph, operands[0]);
    if (!shape || !out.type.shape || !sameShape(shape, out.type.shape)) return null;
    const inverse = perm.map((_, i) => perm.indexOf(i));
    const inputs: (ValueId | null)[] = [];
    for (const v of node.inputs) {
      const w = weightOf(graph, v);
      if (v === null || !w || countOf(w.shape) === 1) {
        inputs.push(v === null || w ? v : graph.producer(v)!.inputs[0]!);
        continue;
      }
      if (w.shape.length > perm.length) return null;
      const full = [...new Array<number>(perm.length - w.shape.length).fill(1), ...w.shape];
      inputs.push(ctx.constant(transposeWeight(reshapeWeight(w, full), inverse), graph.value(v).name).id);
    }
    const moved = ctx.value({
      name: '',
      type: { dtype: out.type.dtype, shape: inverse.map((i) => out.type.shape![i]!) },
    });
    const transpose: NodeSpec = {
      ...{ op: 'Transpose', domain: '', name: nodes[0]!.name, attrs: { perm }, inputs: [moved.id], outputs: [out.id] },
      source: sourcesOf(...nodes),
    };
    return {
      remove: [...nodes.map((n) => n.id), node.id],
      add: [{ ...node, inputs, outputs: [moved.id] }, transpose],
      note: `Transpose ${perm.join(', ')} moved behind ${node.op}`,
    };
  },
};

/** concat(transpose(a), transpose(b)) → transpose(concat(a, b)). */
export const transposeThroughConcat: Rule = {
  name: 'transpose-through-concat',
  title: 'Transposes moved behind a concatenation',
  anchors: ['Concat'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const operands = node.inputs.filter((v): v is ValueId => v !== null);
    const found = common(ctx, operands);
    if (found === null || 'refused' in found) return found;
    const { perm, nodes } = found;
    const out = graph.value(node.outputs[0]!);
    const rank = rankOf(graph, out.id);
    if (rank === null) return null;
    const inverse = perm.map((_, i) => perm.indexOf(i));
    const axis = perm[axisOf(attrInt(node, 'axis', 0), rank)]!;
    const moved = ctx.value({
      name: '',
      type: { dtype: out.type.dtype, shape: inverse.map((i) => out.type.shape![i]!) },
    });
    return {
      remove: [...nodes.map((n) => n.id), node.id],
      add: [
        { ...node, attrs: { axis }, inputs: operands.map((v) => graph.producer(v)!.inputs[0]!), outputs: [moved.id] },
        {
          ...{
            op: 'Transpose',
            domain: '',
            name: nodes[0]!.name,
            attrs: { perm },
            inputs: [moved.id],
            outputs: [out.id],
          },
          source: sourcesOf(...nodes),
        },
      ],
      note: `${nodes.length} transposes become one behind the concatenation`,
    };
  },
};
