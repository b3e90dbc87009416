import type { Attrs, AttrValue, Graph, Node, ValueId } from '../../ir/graph.ts';
import { fromNumbers, type TensorLiteral } from '../../ir/tensor.ts';
import { literalWeight } from '../../ir/weights.ts';
import { OpError, type Upgrade } from '../op.ts';

/* Steps that bring nodes of older opsets to the newest form. */

export const withoutAttrs = (attrs: Attrs, ...names: string[]): Attrs =>
  Object.fromEntries(Object.entries(attrs).filter(([k]) => !names.includes(k)));

export const addLiteral = (graph: Graph, value: TensorLiteral): ValueId => graph.addWeight(literalWeight(value)).id;

export const addInts = (graph: Graph, values: readonly number[], shape: readonly number[] = [values.length]): ValueId =>
  addLiteral(graph, fromNumbers('int64', shape, values));

/** Inputs with `value` at `index`; places between are absent inputs. */
export function withInput(inputs: Node['inputs'], index: number, value: ValueId | null): (ValueId | null)[] {
  const out = [...inputs];
  while (out.length < index) out.push(null);
  out[index] = value;
  return out;
}

/** An integer-list attribute becomes the int64 input at `index`. */
export const attrToInput =
  (name: string, index: number): Upgrade =>
  (graph, node) => {
    const v = node.attrs[name];
    if (v === undefined) return;
    const ints = (Array.isArray(v) ? v : [v]) as readonly number[];
    const scalar = !Array.isArray(v);
    graph.updateNode(node.id, {
      inputs: withInput(node.inputs, index, addInts(graph, ints, scalar ? [] : [ints.length])),
      attrs: withoutAttrs(node.attrs, name),
    });
  };

/** Drops attributes that newer versions no longer have, because they only described the default behaviour. */
export const dropAttrs =
  (...names: string[]): Upgrade =>
  (graph, node) => {
    if (names.some((n) => n in node.attrs)) graph.updateNode(node.id, { attrs: withoutAttrs(node.attrs, ...names) });
  };

/** Adds attributes that say what an older version's default was. */
export const oldDefaults =
  (defaults: Readonly<Record<string, AttrValue>>): Upgrade =>
  (graph, node) => {
    graph.updateNode(node.id, { attrs: { ...defaults, ...node.attrs } });
  };

/** `broadcast`/`axis` of opsets below 7: the second operand's dimensions begin at that axis of the first one. */
export const legacyBroadcast: Upgrade = (graph, node) => {
  const { axis } = node.attrs;
  const attrs = withoutAttrs(node.attrs, 'broadcast', 'axis', 'consumed_inputs');
  const a = inputType(graph, node, 0)?.shape;
  const b = inputType(graph, node, 1)?.shape;
  if (!node.attrs.broadcast || typeof axis !== 'number') {
    graph.updateNode(node.id, { attrs });
    return;
  }
  if (!a || !b) throw new OpError('uses the broadcast attribute of opset 6 on operands of unknown rank');
  if (axis < -a.length || axis > a.length)
    throw new OpError(`has axis ${axis}; its first operand has rank ${a.length}`);
  const behind = a.length - b.length - (axis < 0 ? axis + a.length : axis);
  if (behind <= 0) {
    graph.updateNode(node.id, { attrs });
    return;
  }
  const axes = addInts(
    graph,
    Array.from({ length: behind }, (_, i) => b.length + i),
  );
  const spread = addHelper(graph, node, 'Unsqueeze', [node.inputs[1]!, axes]);
  graph.updateNode(node.id, { attrs, inputs: [node.inputs[0]!, spread] });
};

/** The types of a node's input as known so far. */
export const inputType = (graph: Graph, node: Node, index: number): ReturnType<Graph['value']>['type'] | null => {
  const id = node.inputs[index];
  return id === null || id === undefined ? null : graph.value(id).type;
};

/** A helper node made by an upgrade: computes part of what `like` computed; one output of a type still to be inferred. */
export function addHelper(
  graph: Graph,
  like: Node,
  op: string,
  inputs: readonly (ValueId | null)[],
  attrs: Attrs = {},
  output?: ValueId,
): ValueId {
  const dtype = inputs[0] == null ? 'float32' : graph.value(inputs[0]).type.dtype;
  const out = output ?? graph.addValue({ name: '', type: { dtype, shape: null } }).id;
  graph.addNode({ op, domain: '', name: like.name, attrs, inputs, outputs: [out], source: like.source });
  return out;
}
