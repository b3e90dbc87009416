import { sameShape } from '../../ir/dim.ts';
import { isFloat } from '../../ir/dtype.ts';
import type { Node, ValueId } from '../../ir/graph.ts';
import { countOf, LITERAL_LIMIT } from '../../ir/tensor.ts';
import { reshapeWeight } from '../../ir/weights.ts';
import {
  attrInt,
  axisOf,
  dtypeOf,
  intsOf,
  onlyUser,
  otherInput,
  producerOf,
  rankOf,
  scalarOf,
  shapeOf,
  sourcesOf,
  weightOf,
} from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';
import { constantOf } from '../wide.ts';

interface Core {
  readonly x: ValueId;
  /** Nodes of the normalization, in order. */
  readonly nodes: readonly Node[];
  readonly axes: readonly number[];
  readonly epsilon: number;
}

/** (x − mean(x)) / √(mean((x − mean(x))²) + ε) · scale + bias over the last axes is LayerNormalization. */
export const layerNorm: Rule = {
  name: 'layer-normalization',
  title: 'Decomposed normalization → LayerNormalization',
  anchors: ['Div', 'Mul'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const core = coreOf(node, ctx);
    if (!core) return null;
    const nodes = [...core.nodes, node];
    const inside = new Set(nodes.map((n) => n.id));
    for (const n of core.nodes) {
      const leak = graph.isOutput(n.outputs[0]!) || graph.users(n.outputs[0]!).some((u) => !inside.has(u.node.id));
      if (leak) return { refused: 'intermediate-read', args: { value: graph.value(n.outputs[0]!).name || n.op } };
    }
    const rank = rankOf(graph, core.x)!;
    if (!core.axes.every((a, i) => a === rank - core.axes.length + i)) {
      return { refused: 'axis-not-last', args: { axis: core.axes.join(', ') } };
    }
    const dims = shapeOf(graph, core.x)!.slice(rank - core.axes.length);
    if (!dims.every((d) => typeof d === 'number')) return { refused: 'dynamic-shape', args: { shape: dims.join('×') } };
    const fixed = dims as readonly number[];
    const dtype = dtypeOf(graph, core.x);

    let end = node.outputs[0]!;
    let scale = affineOperand(ctx, end, 'Mul', fixed);
    if (scale) {
      nodes.push(scale.node);
      end = scale.node.outputs[0]!;
    } else if (countOf(fixed) > LITERAL_LIMIT) {
      return { refused: 'too-large', args: { elements: countOf(fixed), limit: LITERAL_LIMIT } };
    }
    const bias = affineOperand(ctx, end, 'Add', fixed);
    if (bias) {
      nodes.push(bias.node);
      end = bias.node.outputs[0]!;
    }
    scale ??= { node, value: ctx.constant(constantOf(dtype, fixed, new Array<number>(countOf(fixed)).fill(1))).id };
    return {
      remove: nodes.map((n) => n.id),
      add: [
        {
          op: 'LayerNormalization',
          domain: '',
          name: node.name,
          attrs: { axis: -core.axes.length, epsilon: core.epsilon },
          inputs: [core.x, scale.value, ...(bias ? [bias.value] : [])],
          outputs: [end],
          source: sourcesOf(...nodes),
        },
      ],
      note: `${nodes.length} operators compute a layer normalization`,
    };
  },
};

function coreOf(node: Node, ctx: PassContext): Core | null {
  const { graph } = ctx;
  const found = node.op === 'Div' ? divisorOf(node, ctx) : reciprocalOf(node, ctx);
  if (!found) return null;
  const { centred, root, extra } = found;
  const sum = producerOf(graph, root.inputs[0], 'Add');
  if (!sum) return null;
  const epsilonAt = sum.inputs.findIndex((v) => scalarOf(ctx, v) !== null);
  if (epsilonAt < 0) return null;
  const epsilon = scalarOf(ctx, sum.inputs[epsilonAt])!;
  const variance = producerOf(graph, sum.inputs[1 - epsilonAt], 'ReduceMean');
  const square = variance && producerOf(graph, variance.inputs[0], 'Mul', 'Pow');
  const difference = producerOf(graph, centred, 'Sub');
  if (!variance || !square || !difference || square.inputs[0] !== centred) return null;
  const squared = square.op === 'Pow' ? scalarOf(ctx, square.inputs[1]) === 2 : square.inputs[1] === centred;
  const mean = producerOf(graph, difference.inputs[1], 'ReduceMean');
  const x = difference.inputs[0]!;
  if (!squared || !mean || mean.inputs[0] !== x || !isFloat(dtypeOf(graph, x))) return null;
  const rank = rankOf(graph, x);
  const shape = shapeOf(graph, x);
  const out = shapeOf(graph, node.outputs[0]);
  if (!shape || !out || !sameShape(shape, out)) return null;
  const axes = rank === null ? null : axesOf(ctx, mean, rank);
  if (!axes || String(axes) !== String(axesOf(ctx, variance, rank!))) return null;
  return { x, nodes: [mean, difference, square, variance, sum, root, ...extra], axes, epsilon };
}

function axesOf(ctx: PassContext, reduce: Node, rank: number): readonly number[] | null {
  if (attrInt(reduce, 'keepdims', 1) !== 1) return null;
  const axes = intsOf(ctx, reduce, 1, 'axes');
  return axes && axes.length > 0 ? axes.map((a) => axisOf(a, rank)).sort((a, b) => a - b) : null;
}

/** d / √v */
function divisorOf(node: Node, { graph }: PassContext) {
  const root = producerOf(graph, node.inputs[1], 'Sqrt');
  return root ? { centred: node.inputs[0]!, root, extra: [] as Node[] } : null;
}

/** d · (1 / √v) */
function reciprocalOf(node: Node, ctx: PassContext) {
  for (const i of [0, 1]) {
    const inverse = producerOf(ctx.graph, node.inputs[i], 'Reciprocal', 'Div');
    if (!inverse || (inverse.op === 'Div' && scalarOf(ctx, inverse.inputs[0]) !== 1)) continue;
    const root = producerOf(ctx.graph, inverse.inputs[inverse.op === 'Div' ? 1 : 0], 'Sqrt');
    if (root) return { centred: node.inputs[1 - i]!, root, extra: [inverse] };
  }
  return null;
}

/** The factor or summand applied to `v` alone, when it has one element for each of the normalized ones. */
function affineOperand(ctx: PassContext, v: ValueId, op: string, dims: readonly number[]) {
  const { graph } = ctx;
  const user = onlyUser(graph, v);
  if (!user || user.op !== op || user.domain !== '') return null;
  const other = otherInput(user, v);
  if (other === null || other === v) return null;
  const weight = weightOf(graph, other);
  if (weight) {
    if (countOf(weight.shape) !== countOf(dims) || !weight.shape.slice(-dims.length).every((d, i) => d === dims[i]))
      return null;
    if (weight.shape.length === dims.length) return { node: user, value: other };
    return { node: user, value: ctx.constant(reshapeWeight(weight, dims), graph.value(other).name).id };
  }
  const shape = shapeOf(graph, other);
  return shape?.length === dims.length && shape.every((d, i) => d === dims[i]) ? { node: user, value: other } : null;
}
