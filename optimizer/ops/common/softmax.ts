import { dimMul, isStatic } from '../../ir/dim.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { defineOp, type OpDef, OpError } from '../op.ts';
import { count, dtypeOf, normalAxis, typeAt } from './shapes.ts';
import { addHelper, addInts, inputType } from './upgrades.ts';

/**
 * Before opset 13, Softmax and its kin flattened the input to two dimensions at `axis` (default 1) and normalized over
 * the whole second one. That equals the new form when at most one dimension from `axis` on is not 1; else the flattening
 * is written out.
 */
function fromFlattened(graph: Graph, node: Node): void {
  const shape = inputType(graph, node, 0)?.shape ?? null;
  const declared = (node.attrs.axis as number | undefined) ?? 1;
  if (shape) {
    // axis = rank was legal: every element is its own row, the same as one dimension of length 1.
    const axis = shape.length === 0 ? 0 : declared === shape.length ? shape.length : normalAxis(declared, shape.length);
    const long = shape.map((d, i) => ({ d, i })).filter(({ d, i }) => i >= axis && d !== 1);
    if (long.length <= 1 && axis < shape.length) {
      graph.updateNode(node.id, { attrs: { axis: long[0]?.i ?? shape.length - 1 } });
      return;
    }
  }
  const x = node.inputs[0]!;
  const flat = addHelper(graph, node, 'Flatten', [x], { axis: declared });
  const result = node.outputs[0]!;
  const inner = graph.addValue({ name: '', type: graph.value(result).type });
  const back = shape && isStatic(shape) ? addInts(graph, shape) : addHelper(graph, node, 'Shape', [x], { start: 0 });
  graph.updateNode(node.id, { attrs: { axis: -1 }, inputs: [flat], outputs: [inner.id] });
  addHelper(graph, node, 'Reshape', [inner.id, back], { allowzero: 0 }, result);
}

/** What Hardmax meant by its axis then. */
export const hardmaxBelow13 = { below: 13, apply: fromFlattened };

/** Softmax and LogSoftmax: normalization along one axis. */
export const softmaxFamily = (op: string): OpDef =>
  defineOp({
    op,
    category: 'activation',
    since: [1, 11, 13],
    attrs: { axis: { type: 'int', default: -1 } },
    inputs: [1, 1],
    outputs: [1, 1],
    upgrades: [{ below: 13, apply: fromFlattened }],
    infer(ctx) {
      const { shape } = typeAt(ctx, 0);
      if (shape && shape.length > 0) normalAxis(ctx.attr<number>('axis'), shape.length);
      else if (shape && dimMul(1, ...shape) !== 1) throw new OpError('cannot normalize a scalar');
      return { types: [{ dtype: dtypeOf(ctx, 0), shape }] };
    },
    flops: (_node, inputs) => 12 * count(inputs[0]!),
  });
