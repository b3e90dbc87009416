import { FUSED_DOMAIN } from '../../ir/fused.ts';
import type { Node, ValueId } from '../../ir/graph.ts';
import { operatorsOf } from '../body.ts';
import { attrInt, producerOf, rankOf, weightOf } from '../match.ts';
import type { PassContext, Refusal, Rule } from '../pass.ts';
import { INTEGER_PRODUCTS } from './constants.ts';
import { fuseQuantized, isRefused, resultQuantizer } from './fuse.ts';
import { dequantizerOf, quantizationOf, refusalOf } from './nodes.ts';

/** The product inside a node, and which inputs of the node its operands are (-1: none). */
interface Operands {
  readonly core: Node;
  readonly x: ValueId;
  readonly weights: ValueId;
  readonly bias: ValueId | null;
}

function operandsOf(node: Node): Operands | null {
  const core = operatorsOf(node).find((n) => n.domain === '' && INTEGER_PRODUCTS.includes(n.op));
  if (!core) return null;
  const outer = (v: ValueId | null | undefined): ValueId | null => {
    if (v === null || v === undefined || !node.body) return v ?? null;
    const at = node.body.inputs.indexOf(v);
    return at < 0 ? null : (node.inputs[at] ?? null);
  };
  // Padding in front of a convolution belongs to it.
  const pad = node.body?.producer(core.inputs[0]!);
  const x = outer(pad?.op === 'Pad' ? pad.inputs[0] : core.inputs[0]);
  const weights = outer(core.inputs[1]);
  return x === null || weights === null ? null : { core, x, weights, bias: outer(core.inputs[2]) };
}

/** Why integer kernels cannot read these weights; null when they can. */
function weightsRefusal(ctx: PassContext, o: Operands, dq: Node): Refusal | null {
  if (!weightOf(ctx.graph, dq.inputs[0])) return { refused: 'weights-not-constant' };
  const q = quantizationOf(ctx, dq);
  if (typeof q === 'string') return refusalOf(q);
  if (q.dtype !== 'int8' && q.dtype !== 'uint8') return { refused: 'not-bytes', args: { dtype: q.dtype } };
  const rank = rankOf(ctx.graph, dq.inputs[0]) ?? 0;
  const transposed = o.core.op === 'Gemm' && attrInt(o.core, 'transB', 0) === 1;
  const axis = o.core.op === 'Conv' ? 0 : transposed ? rank - 2 : rank - 1;
  if (q.axis !== null && q.axis !== axis) return { refused: 'scale-axis', args: { axis: q.axis, wanted: axis } };
  return null;
}

/** [DQ] x, [DQ] weights → convolution or product → elementwise → [Q]. */
export const quantizedProduct: Rule = {
  name: 'quantized-product',
  title: 'Convolution or product on integers',
  anchors: [...INTEGER_PRODUCTS, `${FUSED_DOMAIN}.Conv`, `${FUSED_DOMAIN}.MatMul`],
  rewrite(node, ctx) {
    const { graph } = ctx;
    if (node.outputs.length !== 1) return null;
    const o = operandsOf(node);
    const x = o && dequantizerOf(ctx, o.x);
    if (!o || !x) return null;
    if (o.core.op === 'Gemm' && attrInt(o.core, 'transA', 0) === 1) return { refused: 'transposed-operand' };
    const weights = producerOf(graph, o.weights, 'DequantizeLinear');
    if (!weights) {
      const operand = graph.value(o.weights).name || String(o.weights);
      return { refused: 'operand-not-quantized', args: { operand } };
    }
    const refusal = weightsRefusal(ctx, o, weights);
    if (refusal) return refusal;
    const quantizer = resultQuantizer(ctx, node);
    const dequantizers = [x.node, weights];
    for (const v of node.inputs) {
      if (v === null || v === o.x || v === o.weights) continue;
      const constant = v === o.bias ? producerOf(graph, v, 'DequantizeLinear') : null;
      if (constant && weightOf(graph, constant.inputs[0])) dequantizers.push(constant);
      else {
        // A sum with another activation: read as the integers it is stored as.
        const other = dequantizerOf(ctx, v);
        if (other) dequantizers.push(other.node);
      }
    }
    const kind = o.core.op === 'Conv' ? 'QuantizedConv' : 'QuantizedMatMul';
    return fuseQuantized(ctx, kind, dequantizers, node, isRefused(quantizer) ? null : quantizer);
  },
};
