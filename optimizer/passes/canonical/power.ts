import { sameShape } from '../../ir/dim.ts';
import { isFloat } from '../../ir/dtype.ts';
import { dtypeOf, scalarOf, shapeOf } from '../match.ts';
import type { Rule } from '../pass.ts';

/** x² as a product, x^½ as a root, x⁻¹ as a reciprocal: one operation instead of a general power. */
export const power: Rule = {
  name: 'power-to-product',
  title: 'Power with a simple exponent',
  anchors: ['Pow'],
  rewrite(node, ctx) {
    const exponent = scalarOf(ctx, node.inputs[1]);
    const [x] = node.inputs;
    const from = shapeOf(ctx.graph, x);
    const to = shapeOf(ctx.graph, node.outputs[0]);
    if (exponent === null || !isFloat(dtypeOf(ctx.graph, x!)) || !from || !to || !sameShape(from, to)) return null;
    const { source, name, outputs } = node;
    const make = (op: string, inputs: readonly (number | null)[]) => ({
      remove: [node.id],
      add: [{ op, domain: '', name, attrs: {}, inputs, outputs, source }],
      note: `Pow with exponent ${exponent} → ${op}`,
    });
    if (exponent === 2) return make('Mul', [x!, x!]);
    if (exponent === 0.5) return make('Sqrt', [x!]);
    if (exponent === -1) return make('Reciprocal', [x!]);
    if (exponent === 1)
      return { remove: [node.id], add: [], replace: new Map([[outputs[0]!, x!]]), note: 'Pow with exponent 1' };
    return null;
  },
};
