import { isStatic } from '../../ir/dim.ts';
import type { NodeSpec, ValueId } from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import { literalWeight } from '../../ir/weights.ts';
import { codeOfDtype } from '../../ops/common/dtypes.ts';
import { attrInt, axisOf, dtypeOf, shapeOf } from '../match.ts';
import type { Rule } from '../pass.ts';

/** Scales of blocks along an axis: the axis is split into blocks and elements, and the rest is arithmetic with broadcasting. */
export const blockedScales: Rule = {
  name: 'blocked-scales',
  title: 'Dequantization by blocks written as arithmetic',
  anchors: ['DequantizeLinear'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    const block = attrInt(node, 'block_size', 0);
    const [x, scale, zero] = node.inputs;
    const [shape, blocks] = [shapeOf(graph, x), shapeOf(graph, scale)];
    if (block === 0 || !shape || !blocks || !isStatic(shape) || !isStatic(blocks)) return null;
    const axis = axisOf(attrInt(node, 'axis', 1), shape.length);
    if (blocks[axis]! * block !== shape[axis]!) {
      return { refused: 'partial-block', args: { block, length: shape[axis]! } };
    }
    const split = (dims: readonly number[], inner: number): number[] => [
      ...dims.slice(0, axis),
      blocks[axis]!,
      inner,
      ...dims.slice(axis + 1),
    ];
    const added: NodeSpec[] = [];
    const dtype = dtypeOf(graph, scale!);
    const { id: _, ...like } = node;
    const step = (op: string, inputs: readonly ValueId[], dims: readonly number[], attrs = {}, to = dtype): ValueId => {
      const v = ctx.value({ name: '', type: { dtype: to, shape: dims } });
      added.push({ ...like, op, attrs, inputs, outputs: [v.id] });
      return v.id;
    };
    const reshape = (v: ValueId, dims: readonly number[], to = dtype): ValueId =>
      step('Reshape', [v, ctx.constant(literalWeight(fromNumbers('int64', [dims.length], dims))).id], dims, {}, to);
    const real = (v: ValueId, dims: readonly number[]): ValueId =>
      reshape(step('Cast', [v], shapeOf(graph, v) as number[], { to: codeOfDtype(dtype) }), dims);
    const wide = split(shape, block);
    const narrow = split(blocks, 1);
    let numbers = real(x!, wide);
    if (zero !== null && zero !== undefined) numbers = step('Sub', [numbers, real(zero, narrow)], wide);
    const scaled = step('Mul', [numbers, reshape(scale!, narrow)], wide);
    added.push({
      ...like,
      op: 'Reshape',
      attrs: {},
      inputs: [scaled, ctx.constant(literalWeight(fromNumbers('int64', [shape.length], shape))).id],
      outputs: node.outputs,
    });
    return { remove: [node.id], add: added, note: `blocks of ${block}` };
  },
};
