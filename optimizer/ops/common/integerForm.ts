import type { AttrValue, Graph, Node, ValueId } from '../../ir/graph.ts';
import { countOf, fromNumbers } from '../../ir/tensor.ts';
import { codeOfDtype } from './dtypes.ts';
import { become } from './rewritten.ts';
import { addHelper, addLiteral, inputType } from './upgrades.ts';

/*
 * Operators on integers with their scales as operands (the QLinear form) are written as dequantizations, the operator, and a
 * quantization: the form that every pass knows. What they compute on integers the passes find again.
 */

type Id = ValueId | null | undefined;
type Attrs = Readonly<Record<string, AttrValue>>;

/** The real numbers of operand `index`, whose scale and zero point follow it. `axis`: where there are several scales. */
export function dequantized(graph: Graph, node: Node, index: number, axis?: number): ValueId {
  const [x, scale, zero] = node.inputs.slice(index, index + 3);
  return dequantize(graph, node, x!, scale!, zero, axis);
}

export function dequantize(graph: Graph, node: Node, x: ValueId, scale: ValueId, zero: Id, axis?: number): ValueId {
  const out = graph.addValue({ name: '', type: { dtype: 'float32', shape: null } });
  const inputs = zero === null || zero === undefined ? [x, scale] : [x, scale, zero];
  return addHelper(graph, node, 'DequantizeLinear', inputs, axis === undefined ? {} : { axis }, out.id);
}

/** A bias in int32, whose scale is the product of the others. */
export function dequantizedBias(graph: Graph, node: Node, bias: Id, scales: readonly ValueId[]): ValueId | null {
  if (bias === null || bias === undefined) return null;
  const scale = scales.reduce((a, b) => addHelper(graph, node, 'Mul', [a, b]));
  return dequantize(graph, node, bias, scale, null, 0);
}

/** An operator on real numbers in the middle. */
export function compute(
  graph: Graph,
  node: Node,
  op: string,
  inputs: readonly (ValueId | null)[],
  attrs: Attrs = {},
): ValueId {
  const out = graph.addValue({ name: '', type: { dtype: 'float32', shape: null } });
  return addHelper(graph, node, op, inputs, attrs, out.id);
}

/** Ends the rewriting: the node quantizes `real`; without a zero point the integers are of the type of input 0. */
export function quantizes(graph: Graph, node: Node, real: ValueId, scale: ValueId, zero: Id): void {
  if (zero !== null && zero !== undefined) return become(graph, node, 'QuantizeLinear', [real, scale, zero]);
  const type = inputType(graph, node, 0)?.dtype ?? 'uint8';
  become(graph, node, 'QuantizeLinear', [real, scale], { output_dtype: codeOfDtype(type) });
}

/** Integers less their zero point, as real numbers: a dequantization with scale 1 (one per zero point). */
export function shifted(graph: Graph, node: Node, index: number, zeroIndex: number, axis: number): ValueId {
  const zero = node.inputs[zeroIndex];
  const shape = inputType(graph, node, zeroIndex)?.shape ?? [];
  const dims = shape.filter((d): d is number => typeof d === 'number');
  const ones = fromNumbers('float32', dims, new Array<number>(countOf(dims)).fill(1));
  return dequantize(graph, node, node.inputs[index]!, addLiteral(graph, ones), zero, axis);
}

/**
 * Scale, zero point and integers (uint8) of a value whose range is only known while running, as the standard defines
 * DynamicQuantizeLinear. A value that is 0 everywhere gets scale 1.
 */
export function dynamicQuantization(graph: Graph, node: Node, x: ValueId): { scale: ValueId; zero: ValueId } {
  const number = (v: number): ValueId => addLiteral(graph, fromNumbers('float32', [], [v]));
  const least = compute(graph, node, 'Min', [compute(graph, node, 'ReduceMin', [x], { keepdims: 0 }), number(0)]);
  const most = compute(graph, node, 'Max', [compute(graph, node, 'ReduceMax', [x], { keepdims: 0 }), number(0)]);
  const range = compute(graph, node, 'Sub', [most, least]);
  const step = compute(graph, node, 'Div', [range, number(255)]);
  const flat = graph.addValue({ name: '', type: { dtype: 'bool', shape: null } });
  addHelper(graph, node, 'Equal', [range, number(0)], {}, flat.id);
  const scale = compute(graph, node, 'Where', [flat.id, number(1), step]);
  const below = compute(graph, node, 'Div', [compute(graph, node, 'Neg', [least]), scale]);
  const rounded = compute(graph, node, 'Round', [compute(graph, node, 'Clip', [below, number(0), number(255)])]);
  const zero = graph.addValue({ name: '', type: { dtype: 'uint8', shape: null } });
  addHelper(graph, node, 'Cast', [rounded], { to: codeOfDtype('uint8') }, zero.id);
  return { scale, zero: zero.id };
}
