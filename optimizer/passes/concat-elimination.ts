import type { Graph, Node, ValueId } from '../ir/graph.ts';
import { attrInt, isConstant, labelOf, literalOf, numbersOf } from './match.ts';
import { isLaunch } from './measure.ts';
import type { Pass, PassContext, Refusal, Rule } from './pass.ts';

/*
 * A wish, not a decision: the node stays and gets the attribute `view` = 1. On Concat it says that every input is to be
 * written by its producer into its slice of the result's buffer; on Split and Slice, that every output is to be read as a
 * slice of the operand's buffer. The builder accepts the wish, and emits no layer, where the chosen tactics can write or
 * read strided memory; otherwise it copies. The ONNX writer leaves the attribute out.
 */
const VIEW = 'view';
const isView = (n: Node): boolean => attrInt(n, VIEW, 0) === 1;
const marked = (n: Node) => ({ remove: [n.id], add: [{ ...n, attrs: { ...n.attrs, [VIEW]: 1 } }] });

/** Why the value cannot be written in place as part `index` of the concatenation. */
function partRefusal(graph: Graph, concat: Node, v: ValueId, index: number): Refusal | null {
  if (isConstant(graph, v)) return { refused: 'not-produced', args: { index, what: 'a constant' } };
  const p = graph.producer(v);
  if (!p) return { refused: 'not-produced', args: { index, what: 'a model input' } };
  if (concat.inputs.filter((o) => o === v).length > 1) return { refused: 'repeated-input', args: { index } };
  if (graph.isOutput(v)) return { refused: 'part-is-output', args: { index, output: graph.value(v).name } };
  const reshaped = !isLaunch(p) && !(p.op === 'Concat' && isView(p));
  if (reshaped && (p.op === 'Split' || p.op === 'Slice')) {
    return { refused: 'already-view', args: { index, other: labelOf(graph, graph.producer(p.inputs[0]!) ?? p) } };
  }
  if (reshaped) return { refused: 'not-produced', args: { index, what: `a ${p.op} of another value` } };
  for (const { node } of graph.users(v)) {
    if (node.id !== concat.id && node.op === 'Concat' && node.domain === '' && isView(node)) {
      return { refused: 'already-view', args: { index, other: labelOf(graph, node) } };
    }
  }
  return null;
}

const concat: Rule = {
  name: 'concat-view',
  title: 'Concatenation → its inputs are written in place',
  anchors: ['Concat'],
  rewrite(node, { graph }) {
    if (isView(node)) return null;
    const out = node.outputs[0]!;
    if (graph.isOutput(out)) return { refused: 'whole-is-output', args: { output: graph.value(out).name } };
    for (const [i, v] of node.inputs.entries()) {
      const refusal = v === null ? null : partRefusal(graph, node, v, i);
      if (refusal) return refusal;
    }
    const n = node.inputs.length;
    return {
      ...marked(node),
      note: `${n} producers write into the buffer of ${graph.value(out).name || 'the result'}`,
    };
  },
};

const split: Rule = {
  name: 'split-view',
  title: 'Split or Slice → its results are read in place',
  anchors: ['Split', 'Slice'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    if (isView(node) || isConstant(graph, node.inputs[0])) return null;
    for (const [i, v] of node.outputs.entries()) {
      if (graph.isOutput(v)) return { refused: 'part-is-output', args: { index: i, output: graph.value(v).name } };
    }
    if (node.op === 'Slice') {
      const refusal = sliceRefusal(node, ctx);
      if (refusal) return refusal;
    }
    return { ...marked(node), note: `${node.outputs.length} results are read from the buffer of the operand` };
  },
};

function sliceRefusal(node: Node, ctx: PassContext): Refusal | null {
  const constant = (v: ValueId | null | undefined): boolean =>
    v === null || v === undefined || literalOf(ctx, v) !== null;
  if (!node.inputs.slice(1).every(constant)) return { refused: 'dynamic-slice' };
  const steps = node.inputs[4] === undefined || node.inputs[4] === null ? [] : (numbersOf(ctx, node.inputs[4]) ?? []);
  const step = steps.find((s) => s !== 1);
  return step === undefined ? null : { refused: 'step-slice', args: { step } };
}

export const concatElimination: Pass = {
  name: 'concat-elimination',
  title: 'Concat elimination',
  doc:
    'A concatenation only moves numbers that somebody just wrote. Here its producers are asked to write straight into their ' +
    'slice of the result, and readers of a split to read the slice where it lies. The builder grants the wish where the ' +
    'chosen kernels can; where an input cannot be written in place, the reason is listed.',
  measure: 'concatenations and splits that copy',
  rules: [concat, split],
};
