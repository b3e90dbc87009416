import { fromNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { castWeight, literalWeight, reshapeWeight } from '../../ir/weights.ts';
import { attrInt, rankOf, weightOf } from '../match.ts';
import type { Rule } from '../pass.ts';
import { evaluated, wide } from '../wide.ts';

/**
 * y = (x − mean) / √(var + ε) · scale + bias  =  x · f + s, with f = scale / √(var + ε) and s = bias − mean · f.
 * Both are expressions in float64; scale fusion multiplies them into weights, where they are rounded for the first time.
 */
export const batchNorm: Rule = {
  name: 'batch-norm-to-scale',
  title: 'BatchNormalization → scale',
  anchors: ['BatchNormalization'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    if (attrInt(node, 'training_mode', 0) !== 0) return { refused: 'training-mode' };
    if (node.outputs.slice(1).some((v) => graph.useCount(v) > 0)) return { refused: 'training-mode' };
    const rank = rankOf(graph, node.inputs[0]);
    const [scale, bias, mean, variance] = node.inputs.slice(1).map((v) => weightOf(graph, v));
    if (rank === null || !scale || !bias || !mean || !variance) return { refused: 'weights-not-constant' };
    const epsilon = attrInt(node, 'epsilon', 1e-5);
    const channels = scale.shape[0]!;
    const eps = literalWeight(fromNumbers('float64', [], [epsilon]));
    const deviation = evaluated('Sqrt', [evaluated('Add', [wide(variance), eps])]);
    const factor = evaluated('Div', [wide(scale), deviation]);
    const shift = evaluated('Sub', [wide(bias), evaluated('Mul', [wide(mean), factor])]);
    const out = graph.value(node.outputs[0]!);
    const shaped = (w: WeightExpr): WeightExpr =>
      castWeight(
        reshapeWeight(w, rank > 2 ? [channels, ...new Array<number>(rank - 2).fill(1)] : [channels]),
        out.type.dtype,
      );
    const scaled = ctx.value({ name: '', type: out.type });
    const f = ctx.constant(shaped(factor), `${node.name || out.name}/factor`);
    const s = ctx.constant(shaped(shift), `${node.name || out.name}/shift`);
    const common = { domain: '', attrs: {}, source: node.source };
    return {
      remove: [node.id],
      add: [
        { ...common, op: 'Mul', name: node.name, inputs: [node.inputs[0]!, f.id], outputs: [scaled.id] },
        { ...common, op: 'Add', name: node.name, inputs: [scaled.id, s.id], outputs: [out.id] },
      ],
      note: `BatchNormalization as one factor and one shift for each of ${channels} channels`,
    };
  },
};
