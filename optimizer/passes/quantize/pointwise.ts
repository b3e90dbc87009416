import { FUSED_DOMAIN } from '../../ir/fused.ts';
import type { Node } from '../../ir/graph.ts';
import { operatorsOf } from '../body.ts';
import { dtypeOf, producerOf, weightOf } from '../match.ts';
import type { Rule } from '../pass.ts';
import { isArithmetic, POINTWISE_OPS } from '../pointwise-ops.ts';
import { fuseQuantized, isRefused, resultQuantizer } from './fuse.ts';
import { dequantizerOf, quantizationOf, quantizerOf, refusalOf } from './nodes.ts';

const SUMS = new Set(['Sum', 'Mean']);
const computes = (n: Node): boolean => isArithmetic(n) || (n.domain === '' && SUMS.has(n.op));

/** DQ operands → elementwise operators → Q: bytes in, bytes out, float32 in registers between. */
export const quantizedPointwise: Rule = {
  name: 'quantized-pointwise',
  title: 'Elementwise operators on integers',
  anchors: [...POINTWISE_OPS, ...SUMS, `${FUSED_DOMAIN}.Pointwise`],
  rewrite(node, ctx) {
    const { graph } = ctx;
    if (node.outputs.length !== 1 || !operatorsOf(node).every(computes)) return null;
    if (dtypeOf(graph, node.outputs[0]!) !== 'float32') return null;
    const operands = node.inputs.filter((v) => v !== null && !weightOf(graph, v));
    const found = operands.map((v) => dequantizerOf(ctx, v));
    const some = found.find((d) => d !== null);
    if (!some) return null;
    const quantizer = resultQuantizer(ctx, node);
    if (isRefused(quantizer)) return quantizer;
    if (!quantizer) return null;
    const missing = found.indexOf(null);
    if (missing >= 0) {
      return { refused: 'operand-not-quantized', args: { operand: graph.value(operands[missing]!).name || 'x' } };
    }
    const nodes = found.map((d) => d!.node);
    return fuseQuantized(ctx, 'QuantizedPointwise', nodes, node, quantizer);
  },
};

/** quantize(dequantize(x)) with another scale: integers to integers. */
export const requantize: Rule = {
  name: 'requantize',
  title: 'Integers from one scale to another',
  anchors: ['DequantizeLinear'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const from = dequantizerOf(ctx, node.outputs[0]);
    if (!from || weightOf(graph, node.inputs[0])) return null;
    const to = quantizerOf(ctx, node.outputs[0]!);
    if (!to) {
      const behind = graph.users(node.outputs[0]!).find((u) => u.node.op === 'QuantizeLinear' && u.node.domain === '');
      const q = behind && quantizationOf(ctx, behind.node);
      return typeof q === 'string' ? refusalOf(q) : null;
    }
    // The pair becomes one node; the dequantization has no other reader.
    if (producerOf(graph, to.node.inputs[0], 'DequantizeLinear')?.id !== node.id) return null;
    return { ...fuseQuantized(ctx, 'Requantize', [], node, to.node), note: `${from.q.dtype} to ${to.q.dtype}` };
  },
};
