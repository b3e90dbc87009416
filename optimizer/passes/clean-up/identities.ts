import { sameShape } from '../../ir/dim.ts';
import { type DataType, isFloat } from '../../ir/dtype.ts';
import type { Graph, Node, ValueId } from '../../ir/graph.ts';
import { attrInts, dtypeOf, numbersOf, producerOf, shapeOf } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';

/* Operators that return their operand. */

const passThrough = (node: Node, note: string, from: ValueId = node.inputs[0]!) => ({
  remove: [node.id],
  add: [],
  replace: new Map([[node.outputs[0]!, from]]),
  note,
});

const unchanged = (g: Graph, n: Node): boolean => {
  const a = shapeOf(g, n.inputs[0]);
  const b = shapeOf(g, n.outputs[0]);
  return a !== null && b !== null && sameShape(a, b);
};

const identity: Rule = {
  name: 'identity',
  title: 'Identity removed',
  anchors: ['Identity', 'Concat', 'Sum', 'Max', 'Min', 'Mean'],
  rewrite(node) {
    if (node.op !== 'Identity' && node.inputs.length !== 1) return null;
    return passThrough(node, node.op === 'Identity' ? 'Identity' : `${node.op} of one operand`);
  },
};

const dropout: Rule = {
  name: 'dropout',
  title: 'Dropout removed',
  anchors: ['Dropout'],
  rewrite(node, ctx) {
    if (node.outputs[1] !== undefined && ctx.graph.useCount(node.outputs[1]) > 0) return null;
    const mode = node.inputs[2];
    if (mode !== null && mode !== undefined && numbersOf(ctx, mode)?.[0] !== 0) return { refused: 'training-mode' };
    return passThrough(node, 'Dropout does nothing when a trained model runs');
  },
};

/** Cast to the type it has already, and pairs that go to a wider type and back. */
const cast: Rule = {
  name: 'no-op-cast',
  title: 'Cast that changes nothing removed',
  anchors: ['Cast'],
  rewrite(node, { graph }) {
    const to = dtypeOf(graph, node.outputs[0]!);
    const from = dtypeOf(graph, node.inputs[0]!);
    if (from === to) return passThrough(node, `Cast from ${from} to ${to}`);
    const before = producerOf(graph, node.inputs[0], 'Cast');
    if (!before) return null;
    const first = dtypeOf(graph, before.inputs[0]!);
    if (first !== to || !isFloat(first) || !isFloat(from) || !holds(from, first)) return null;
    return passThrough(node, `Cast to ${from} and back`, before.inputs[0]!);
  },
};

/** Whether every number of the narrow float type is one of the wide. */
const holds = (wide: DataType, narrow: DataType): boolean =>
  (wide === 'float64' && narrow !== 'float64') ||
  (wide === 'float32' && (narrow === 'float16' || narrow === 'bfloat16'));

const reshape: Rule = {
  name: 'no-op-reshape',
  title: 'Reshape to the same shape removed',
  anchors: ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Expand'],
  rewrite(node, { graph }) {
    return unchanged(graph, node) ? passThrough(node, `${node.op} to the shape that the operand has`) : null;
  },
};

const transpose: Rule = {
  name: 'no-op-transpose',
  title: 'Transpose that keeps the order removed',
  anchors: ['Transpose'],
  rewrite(node) {
    const perm = attrInts(node, 'perm');
    return perm?.every((p, i) => p === i) ? passThrough(node, 'Transpose keeps the order of the axes') : null;
  },
};

/** Pad by nothing, and Slice of everything. */
const slice: Rule = {
  name: 'no-op-slice',
  title: 'Pad or Slice that changes nothing removed',
  anchors: ['Pad', 'Slice'],
  rewrite(node, ctx) {
    if (!unchanged(ctx.graph, node)) return null;
    const still =
      node.op === 'Pad'
        ? numbersOf(ctx, node.inputs[1])?.every((p) => p === 0)
        : stepsOf(node, ctx)?.every((s) => s === 1);
    return still ? passThrough(node, `${node.op} keeps every element`) : null;
  },
};

const stepsOf = (node: Node, ctx: PassContext): readonly number[] | null =>
  node.inputs[4] === null || node.inputs[4] === undefined ? [] : numbersOf(ctx, node.inputs[4]);

export const identities: readonly Rule[] = [identity, dropout, cast, reshape, transpose, slice];
