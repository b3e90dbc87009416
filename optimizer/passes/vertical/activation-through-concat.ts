import { FUSED_DOMAIN } from '../../ir/fused.ts';
import type { Graph, Node, NodeSpec, ValueId } from '../../ir/graph.ts';
import { isConstant, scalarOf, usedOnce } from '../match.ts';
import type { PassContext, Rule } from '../pass.ts';
import { isArithmetic } from '../pointwise-ops.ts';

const ACTIVATIONS = [
  'Relu',
  'LeakyRelu',
  'Elu',
  'Sigmoid',
  'Tanh',
  'HardSigmoid',
  'HardSwish',
  'Gelu',
  'Mish',
  'Softplus',
  'Clip',
];
const PRODUCTS = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm']);
const NON_NEGATIVE = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Softplus', 'Exp', 'Abs', 'Softmax']);
/** Operators whose results lie between the least and the greatest element of what they read. */
const AVERAGING = new Set([
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Concat',
  'Reshape',
  'Transpose',
]);

/**
 * relu(concat(a, b)) → concat(relu(a), relu(b)) where every part takes it at no cost: behind a convolution or product it
 * becomes part of that layer, and what is never negative needs no ReLU at all.
 */
export const activationThroughConcat: Rule = {
  name: 'activation-through-concat',
  title: 'Activation moved in front of a concatenation',
  anchors: ACTIVATIONS,
  rewrite(node, ctx) {
    const { graph } = ctx;
    const concat = graph.producer(node.inputs[0]!);
    if (concat?.op !== 'Concat' || concat.domain !== '') return null;
    if (!usedOnce(graph, concat.outputs[0]!)) {
      return { refused: 'output-read', args: { n: graph.useCount(concat.outputs[0]!) } };
    }
    if (!node.inputs.slice(1).every((v) => v === null || scalarOf(ctx, v) !== null)) return null;
    const add: NodeSpec[] = [];
    const inputs: ValueId[] = [];
    for (const v of concat.inputs as readonly ValueId[]) {
      if (node.op === 'Relu' && isNonNegative(graph, v)) {
        inputs.push(v);
        continue;
      }
      if (!takesActivation(ctx, v)) return null;
      const out = ctx.value({ name: '', type: graph.value(v).type });
      const { id: _, ...spec } = node;
      add.push({ ...spec, inputs: [v, ...node.inputs.slice(1)], outputs: [out.id] });
      inputs.push(out.id);
    }
    if (add.length === 0) return null;
    add.push({ ...concat, inputs, outputs: node.outputs });
    return {
      remove: [concat.id, node.id],
      add,
      note: `${node.op} goes to ${add.length - 1} of ${inputs.length} parts of the concatenation`,
    };
  },
};

/** Whether an elementwise operator on the value would be fused into the layer that computes it. */
function takesActivation({ graph }: PassContext, v: ValueId): boolean {
  let at = v;
  for (let i = 0; i < 8; i++) {
    const p = graph.producer(at);
    if (!p || !usedOnce(graph, at) || p.outputs.length > 1) return false;
    if (PRODUCTS.has(p.op) && (p.domain === '' || p.domain === FUSED_DOMAIN)) return true;
    const next = isArithmetic(p) ? p.inputs.find((x) => x !== null && !isConstant(graph, x)) : undefined;
    if (next === undefined || next === null) return false;
    at = next;
  }
  return false;
}

function isNonNegative(graph: Graph, v: ValueId, depth = 0): boolean {
  const p = graph.producer(v);
  if (!p || depth > 8) return false;
  if (p.body) return lastOf(p.body, p.outputs.indexOf(v));
  if (p.domain !== '') return false;
  if (NON_NEGATIVE.has(p.op)) return true;
  const read = p.op === 'Concat' ? p.inputs : p.inputs.slice(0, 1);
  return AVERAGING.has(p.op) && read.every((x) => x !== null && isNonNegative(graph, x, depth + 1));
}

/** Whether output `i` of a body ends in an operator without negative results. */
function lastOf(body: Graph, i: number): boolean {
  let last: Node | undefined = body.producer(body.outputs[i]!);
  if (last?.op === 'Split') last = body.producer(last.inputs[0]!);
  return last !== undefined && NON_NEGATIVE.has(last.op);
}
