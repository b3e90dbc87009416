import type { NodeSpec, ValueId } from '../../ir/graph.ts';
import { sameQuantization } from '../../ops/common/quantization.ts';
import { attrInts, labelOf, producerOf, sourcesOf, weightOf } from '../match.ts';
import type { PassContext, Refusal, Replacement, Rule } from '../pass.ts';
import { dequantizerOf, MOVES, movedInputs, quantizationOf, type Scaled } from './nodes.ts';

/** move(dequantize(x)) → dequantize(move(x)): a quarter of the bytes moves, and the next operator finds its integers. */
export const dequantizeForward: Rule = {
  name: 'dequantize-forward',
  title: 'Dequantization moved behind an operator that only moves numbers',
  anchors: MOVES,
  rewrite(node, ctx) {
    const { graph } = ctx;
    const moved = movedInputs(ctx, node);
    if (!moved || node.domain !== '') return null;
    const perChannel = node.op === 'Transpose' ? transposedWeights(ctx, node.inputs[0]!) : null;
    if (perChannel) return withAxis(ctx, node, perChannel.axis);
    const found = moved.map((i) => dequantizerOf(ctx, node.inputs[i]));
    const first = found.find((d) => d !== null);
    if (!first) return null;
    const refusal = mismatch(ctx, node.inputs, moved, found, first);
    if (refusal) return refusal;
    const inputs = [...node.inputs];
    for (const [k, i] of moved.entries()) inputs[i] = found[k]!.node.inputs[0]!;
    const integers: ValueId[] = [];
    const back: NodeSpec[] = [];
    const source = sourcesOf(...found.map((d) => d!.node));
    for (const v of node.outputs) {
      const { name, type } = graph.value(v);
      const q = ctx.value({ name: name && `${name}_quantized`, type: { dtype: first.q.dtype, shape: type.shape } });
      integers.push(q.id);
      if (graph.useCount(v) === 0) continue;
      const { id: _, ...spec } = first.node;
      back.push({ ...spec, inputs: [q.id, ...first.node.inputs.slice(1)], outputs: [v], source });
    }
    return {
      remove: [node.id],
      add: [{ ...node, inputs, outputs: integers }, ...back],
      note: `${node.op} on ${first.q.dtype}`,
    };
  },
};

function mismatch(
  ctx: PassContext,
  inputs: readonly (ValueId | null)[],
  moved: readonly number[],
  found: readonly (Scaled | null)[],
  first: Scaled,
): Refusal | null {
  for (const [k, d] of found.entries()) {
    const v = inputs[moved[k]!]!;
    const operand = ctx.graph.value(v).name || String(v);
    if (!d) return { refused: 'operand-not-quantized', args: { operand } };
    if (!sameQuantization(d.q, first.q)) {
      return { refused: 'other-quantization', args: { operand, other: labelOf(ctx.graph, first.node) } };
    }
  }
  return null;
}

/** Weights with a scale per channel may be transposed, their axis with them. */
function transposedWeights(ctx: PassContext, v: ValueId): { axis: number } | null {
  const dq = producerOf(ctx.graph, v, 'DequantizeLinear');
  if (!dq || !weightOf(ctx.graph, dq.inputs[0])) return null;
  const q = quantizationOf(ctx, dq);
  return typeof q === 'object' && q.axis !== null ? { axis: q.axis } : null;
}

function withAxis(ctx: PassContext, node: Parameters<Rule['rewrite']>[0], axis: number): Replacement | null {
  const { graph } = ctx;
  const dq = producerOf(graph, node.inputs[0], 'DequantizeLinear')!;
  const type = graph.value(node.outputs[0]!).type;
  if (!type.shape) return null;
  const perm = attrInts(node, 'perm') ?? type.shape.map((_, i) => type.shape!.length - 1 - i);
  const dtype = graph.value(dq.inputs[0]!).type.dtype;
  const integers = ctx.value({ name: '', type: { dtype, shape: type.shape } });
  const { id: _, ...spec } = dq;
  return {
    remove: [node.id],
    add: [
      { ...node, inputs: [dq.inputs[0]!], outputs: [integers.id] },
      {
        ...spec,
        attrs: { ...dq.attrs, axis: perm.indexOf(axis) },
        inputs: [integers.id, ...dq.inputs.slice(1)],
        outputs: node.outputs,
      },
    ],
    note: `Transpose on ${dtype} weights`,
  };
}
