import { isStatic } from '../../ir/dim.ts';
import type { Node } from '../../ir/graph.ts';
import { evaluateWeight } from '../../ir/weights.ts';
import { weightOf } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';
import { dequantizerOf } from './nodes.ts';

/** Products whose weights and bias stay integers when their first operand is one. */
export const INTEGER_PRODUCTS: readonly string[] = ['Conv', 'MatMul', 'Gemm'];

function keepsIntegers(ctx: PassContext, constant: Node): boolean {
  return ctx.graph.users(constant.outputs[0]!).some(({ node, index }) => {
    const product = node.domain === '' && INTEGER_PRODUCTS.includes(node.op) && index > 0;
    return product && dequantizerOf(ctx, node.inputs[0]) !== null;
  });
}

/** A quantized constant that no integer arithmetic will read becomes the numbers that it stands for. */
export const quantizedConstant: Rule = {
  name: 'quantized-constant',
  title: 'Quantized constant that no integer layer reads becomes floating point',
  anchors: ['DequantizeLinear', 'QuantizeLinear'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const inputs = node.inputs.map((v) => weightOf(graph, v) ?? null);
    const { name, type } = graph.value(node.outputs[0]!);
    if (!inputs[0] || !inputs[1] || type.shape === null || !isStatic(type.shape) || node.attrs.block_size) return null;
    if (node.inputs.some((v, i) => v !== null && !inputs[i])) return null;
    if (node.op === 'DequantizeLinear' && keepsIntegers(ctx, node)) return null;
    const folded = ctx.constant(evaluateWeight(node.op, node.attrs, inputs, type.dtype, type.shape), name);
    return { remove: [node.id], add: [], replace: new Map([[node.outputs[0]!, folded.id]]) };
  },
};
