import { sameQuantization } from '../../ops/common/quantization.ts';
import { producerOf } from '../match.ts';
import type { Rule } from '../pass.ts';
import { quantizationOf, refusalOf } from './nodes.ts';

/**
 * quantize(dequantize(x)) with the same parameters is x: an integer of at most 16 bits, scaled and divided by the scale
 * again in float32, rounds to itself. (The reverse pair rounds, so it stays.)
 */
export const quantizePair: Rule = {
  name: 'quantize-pair',
  title: 'Dequantization and equal quantization cancel',
  anchors: ['QuantizeLinear'],
  rewrite(node, ctx) {
    const dq = producerOf(ctx.graph, node.inputs[0], 'DequantizeLinear');
    if (!dq) return null;
    const [to, from] = [quantizationOf(ctx, node), quantizationOf(ctx, dq)];
    if (typeof to === 'string') return refusalOf(to);
    if (typeof from === 'string') return refusalOf(from);
    if (to.dtype !== 'int8' && to.dtype !== 'uint8' && to.dtype !== 'int16' && to.dtype !== 'uint16') return null;
    if (!sameQuantization(to, from)) return null;
    return { remove: [node.id], add: [], replace: new Map([[node.outputs[0]!, dq.inputs[0]!]]) };
  },
};
