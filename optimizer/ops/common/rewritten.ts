import type { Graph, Node, ValueId } from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import { type AttrSpec, defineOp, type OpDef, OpError } from '../op.ts';
import { addHelper, addLiteral, inputType } from './upgrades.ts';

/**
 * An operator that another system defined by standard ones: importing writes it out, so that nothing after the importer
 * knows it. `apply` must end with a node that makes the operator's outputs.
 */
export const rewritten = (
  domain: string,
  op: string,
  inputs: readonly [number, number],
  outputs: readonly [number, number],
  attrs: Readonly<Record<string, AttrSpec>>,
  apply: (graph: Graph, node: Node) => void,
): OpDef =>
  defineOp({
    op,
    domain,
    category: 'other',
    since: [1],
    attrs,
    inputs,
    outputs,
    upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply }],
    infer: () => {
      throw new OpError('is written as standard operators in this graph');
    },
  });

/** Turns the node into a standard one in place; it keeps its outputs. */
export function become(graph: Graph, node: Node, op: string, inputs: Node['inputs'], attrs: Node['attrs'] = {}): void {
  graph.updateNode(node.id, { op, domain: '', inputs, attrs });
}

/** A scalar of the node's element type. */
export function scalarLike(graph: Graph, node: Node, value: number): ValueId {
  return addLiteral(graph, fromNumbers(inputType(graph, node, 0)?.dtype ?? 'float32', [], [value]));
}

/** Names of ONNX Runtime's fused activations are operator names; parameters come in the operator's order. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  Relu: [],
  Sigmoid: [],
  Tanh: [],
  LeakyRelu: ['alpha'],
  HardSigmoid: ['alpha', 'beta'],
};

/** Lets `node` make a fresh value, to which the activation is applied; the activation makes the node's own output. */
export function thenActivate(graph: Graph, node: Node, activation: string, parameters: readonly number[]): void {
  if (!activation) return;
  const output = node.outputs[0]!;
  const inner = graph.addValue({ name: '', type: graph.value(output).type });
  graph.updateNode(node.id, { outputs: [inner.id] });
  if (activation === 'Clip') {
    const bounds = parameters.map((p) => scalarLike(graph, node, p));
    addHelper(graph, node, 'Clip', [inner.id, ...bounds], {}, output);
    return;
  }
  const names = PARAMETERS[activation];
  if (!names) throw new OpError(`has the activation ${activation}, which is not known`);
  const attrs = Object.fromEntries(names.flatMap((n, i) => (parameters[i] === undefined ? [] : [[n, parameters[i]]])));
  addHelper(graph, node, activation, [inner.id], attrs, output);
}
