import type { NodeSpec } from '../../ir/graph.ts';
import { isStoredTensor } from '../../ops/common/quantization.ts';
import { producerOf, usedOnce } from '../match.ts';
import type { Rule } from '../pass.ts';
import { MOVES, movedInputs, quantizationOf, refusalOf } from './nodes.ts';

/** Taking a part of a tensor is cheaper before its quantization than after. */
const PARTS = new Set(['Slice', 'Split', 'Gather']);

/** quantize(move(x)) → move(quantize(x)): the quantization meets the layer that computes x. */
export const quantizeBackward: Rule = {
  name: 'quantize-backward',
  title: 'Quantization moved in front of an operator that only moves numbers',
  anchors: ['QuantizeLinear'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const moving = producerOf(graph, node.inputs[0], ...MOVES);
    if (!moving || PARTS.has(moving.op)) return null;
    const q = quantizationOf(ctx, node);
    if (typeof q === 'string') return refusalOf(q);
    if (!isStoredTensor(q)) return null;
    const moved = movedInputs(ctx, moving);
    if (!moved || moving.outputs.length !== 1) return null;
    if (!usedOnce(graph, node.inputs[0]!)) {
      return { refused: 'output-read', args: { n: graph.useCount(node.inputs[0]!) } };
    }
    const inputs = [...moving.inputs];
    const before: NodeSpec[] = [];
    const { id: _, ...spec } = node;
    for (const i of moved) {
      const from = graph.value(inputs[i]!);
      const type = { dtype: q.dtype, shape: from.type.shape };
      const v = ctx.value({ name: from.name && `${from.name}_quantized`, type });
      before.push({ ...spec, inputs: [inputs[i]!, ...node.inputs.slice(1)], outputs: [v.id] });
      inputs[i] = v.id;
    }
    return {
      remove: [node.id, moving.id],
      add: [...before, { ...moving, inputs, outputs: node.outputs }],
      note: `${moving.op} on ${q.dtype}`,
    };
  },
};
