import { countOf, fromNumbers } from '../../ir/tensor.ts';
import { castWeight, literalWeight } from '../../ir/weights.ts';
import { attrInt, weightOf } from '../match.ts';
import type { Rule } from '../pass.ts';
import { evaluated, scaled, vector, wide } from '../wide.ts';

/** Gemm's factors alpha and beta go into its constant operands. */
export const gemmFactors: Rule = {
  name: 'gemm-factors',
  title: 'Factors of a Gemm folded into its weights',
  anchors: ['Gemm'],
  rewrite(node, ctx) {
    const alpha = attrInt(node, 'alpha', 1);
    const beta = attrInt(node, 'beta', 1);
    const c = node.inputs[2] ?? null;
    const bias = weightOf(ctx.graph, c);
    const foldBeta = beta !== 1 && c !== null;
    if (alpha === 1 && !foldBeta) return null;
    const weights = weightOf(ctx.graph, node.inputs[1]);
    if ((alpha !== 1 && !weights) || (foldBeta && !bias)) return { refused: 'weights-not-constant' };
    const number = (x: number) => literalWeight(fromNumbers('float64', [], [x]));
    const inputs = [...node.inputs];
    if (alpha !== 1) {
      const axis = attrInt(node, 'transB', 0) === 1 ? 0 : 1;
      const factor = vector(number(alpha), weights!.shape[axis]!);
      if (!factor) return { refused: 'too-large', args: { elements: countOf(weights!.shape), limit: 4096 } };
      inputs[1] = ctx.constant(scaled(weights!, axis, factor, null), ctx.graph.value(inputs[1]!).name).id;
    }
    if (foldBeta) {
      const product = evaluated('Mul', [wide(bias!), number(beta)]);
      inputs[2] = ctx.constant(castWeight(product, bias!.dtype), ctx.graph.value(c).name).id;
    }
    const { alpha: _a, beta: _b, ...attrs } = node.attrs;
    return { remove: [node.id], add: [{ ...node, attrs, inputs }] };
  },
};
