import type { Graph, Node, NodeSpec } from '../../ir/graph.ts';
import { attrInt, attrInts, attrText, axisOf, intsOf, producerOf, rankOf, shapeOf, staticShape } from '../match.ts';
import type { Rule } from '../pass.ts';
import { shapeConstant, targetOf } from './reshape.ts';

/** A mean over all spatial axes, however it is written, is GlobalAveragePool (with a Reshape when the axes vanish). */
export const globalPool: Rule = {
  name: 'mean-to-global-pool',
  title: 'Mean over the image → GlobalAveragePool',
  anchors: ['ReduceMean', 'AveragePool'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const x = node.inputs[0]!;
    const rank = rankOf(graph, x);
    const shape = shapeOf(graph, x);
    if (rank === null || shape === null || rank < 3 || isMoment(graph, node)) return null;
    const out = graph.value(node.outputs[0]!);
    const common = { domain: '', source: node.source, name: node.name };
    const pool = (to: number): NodeSpec => ({
      ...common,
      op: 'GlobalAveragePool',
      attrs: {},
      inputs: [x],
      outputs: [to],
    });
    if (node.op === 'AveragePool') {
      const dims = staticShape(graph, x)?.slice(2);
      const kernel = attrInts(node, 'kernel_shape');
      if (!dims || !kernel?.every((k, i) => k === dims[i])) return null;
      if ((attrInts(node, 'pads') ?? []).some((p) => p !== 0)) return null;
      const auto = attrText(node, 'auto_pad', 'NOTSET');
      if (auto !== 'NOTSET' && auto !== 'VALID') return null;
      if (
        !staticShape(graph, out.id)
          ?.slice(2)
          .every((d) => d === 1)
      )
        return null;
      return { remove: [node.id], add: [pool(out.id)], note: `AveragePool over the whole ${kernel.join('×')} image` };
    }
    const axes = intsOf(ctx, node, 1, 'axes')
      ?.map((a) => axisOf(a, rank))
      .sort((a, b) => a - b);
    if (!axes || axes.length !== rank - 2 || !axes.every((a, i) => a === i + 2)) return null;
    const note = `ReduceMean over axes ${axes.join(', ')}`;
    if (attrInt(node, 'keepdims', 1) === 1) return { remove: [node.id], add: [pool(out.id)], note };
    const type = { dtype: out.type.dtype, shape: [shape[0]!, shape[1]!, ...axes.map(() => 1)] };
    const target = out.type.shape ? targetOf(type.shape, out.type.shape) : null;
    if (!target) return { refused: 'dynamic-shape', args: { shape: String(out.type.shape) } };
    const pooled = ctx.value({ name: '', type });
    const reshape: NodeSpec = {
      ...common,
      op: 'Reshape',
      attrs: {},
      inputs: [pooled.id, shapeConstant(ctx, target)],
      outputs: [out.id],
    };
    return { remove: [node.id], add: [pool(pooled.id), reshape], note };
  },
};

/** A mean that belongs to a normalization: of x where x − mean follows, or of a square. */
function isMoment(graph: Graph, node: Node): boolean {
  const x = node.inputs[0]!;
  const square = producerOf(graph, x, 'Mul', 'Pow');
  if (square && (square.op === 'Pow' || square.inputs[0] === square.inputs[1])) return true;
  return graph.users(node.outputs[0]!).some((u) => u.node.op === 'Sub' && u.index === 1 && u.node.inputs[0] === x);
}
