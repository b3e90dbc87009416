import { dimAdd } from '../ir/dim.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { fromNumbers } from '../ir/tensor.ts';
import { dtypeOf, hasInput, normalAxis, shapeOf, staticInts } from './common/shapes.ts';
import { addInts, addLiteral, inputType, withoutAttrs } from './common/upgrades.ts';
import { defineOp, OpError } from './op.ts';

function padsToInputs(graph: Graph, node: Node): void {
  const pads = (node.attrs.pads ?? node.attrs.paddings) as readonly number[] | undefined;
  if (!pads) throw new OpError('has no pads');
  const dtype = inputType(graph, node, 0)?.dtype ?? 'float32';
  const value = (node.attrs.value as number | undefined) ?? 0;
  graph.updateNode(node.id, {
    inputs: [node.inputs[0]!, addInts(graph, pads), addLiteral(graph, fromNumbers(dtype, [], [value]))],
    attrs: withoutAttrs(node.attrs, 'pads', 'paddings', 'value'),
  });
}

export default defineOp({
  op: 'Pad',
  category: 'shape',
  since: [1, 2, 11, 13, 18, 19, 21, 23, 24, 25],
  attrs: { mode: { type: 'string', default: 'constant' } },
  inputs: [2, 4],
  outputs: [1, 1],
  upgrades: [{ below: 11, apply: padsToInputs }],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const pads = ctx.data(1);
    const axes = hasInput(ctx, 3) ? staticInts(ctx, 3)?.map((a) => normalAxis(a, x.length)) : x.map((_, i) => i);
    if (!pads || !axes) return { types: [{ dtype: dtypeOf(ctx, 0), shape: x.map((_, i) => ctx.fresh(`${i}`)) }] };
    if (pads.length !== 2 * axes.length)
      throw new OpError(`has ${pads.length} pads where ${2 * axes.length} are needed`);
    const shape = x.map((d, i) => {
      const k = axes.indexOf(i);
      return k < 0 ? d : dimAdd(d, pads[k]!, pads[k + axes.length]!);
    });
    return { types: [{ dtype: dtypeOf(ctx, 0), shape }] };
  },
  flops: () => 0,
});
