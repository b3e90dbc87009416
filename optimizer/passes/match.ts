import { isStatic, type Shape } from '../ir/dim.ts';
import type { DataType } from '../ir/dtype.ts';
import type { Graph, Node, SourceId, ValueId } from '../ir/graph.ts';
import { countOf, LITERAL_LIMIT, type TensorLiteral, toNumbers } from '../ir/tensor.ts';
import type { WeightExpr } from '../ir/weight.ts';
import { compareSources } from './key.ts';
import type { PassContext } from './pass.ts';

/* Readers that rules share. All take value ids as nodes hold them: null is an absent optional input. */

export type Id = ValueId | null | undefined;

export const weightOf = (g: Graph, v: Id): WeightExpr | undefined =>
  v === null || v === undefined ? undefined : g.value(v).weight;

export const isConstant = (g: Graph, v: Id): boolean => weightOf(g, v) !== undefined;

export const shapeOf = (g: Graph, v: Id): Shape | null =>
  v === null || v === undefined ? null : g.value(v).type.shape;

/** Shape with only numbers, else null. */
export function staticShape(g: Graph, v: Id): readonly number[] | null {
  const s = shapeOf(g, v);
  return s !== null && isStatic(s) ? s : null;
}

export const rankOf = (g: Graph, v: Id): number | null => shapeOf(g, v)?.length ?? null;
export const dtypeOf = (g: Graph, v: ValueId): DataType => g.value(v).type.dtype;

/** A small constant's content; null when the value is not constant, too large, or cannot be computed now. */
export function literalOf(ctx: PassContext, v: Id): TensorLiteral | null {
  const w = weightOf(ctx.graph, v);
  if (!w || countOf(w.shape) > LITERAL_LIMIT) return null;
  return w.kind === 'literal' ? w.value : ctx.evaluator.literal(w);
}

export function numbersOf(ctx: PassContext, v: Id): readonly number[] | null {
  const t = literalOf(ctx, v);
  return t === null || t.dtype === 'string' ? null : toNumbers(t);
}

/** The number in a constant of one element. */
export function scalarOf(ctx: PassContext, v: Id): number | null {
  const w = weightOf(ctx.graph, v);
  if (!w || countOf(w.shape) !== 1) return null;
  return numbersOf(ctx, v)?.[0] ?? null;
}

export const nearly = (a: number | null, b: number): boolean =>
  a !== null && Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));

/** The node computing a value, when it is of the named operator in the default domain. */
export function producerOf(g: Graph, v: Id, ...ops: readonly string[]): Node | null {
  const p = v === null || v === undefined ? undefined : g.producer(v);
  return p && p.domain === '' && ops.includes(p.op) ? p : null;
}

/** The only reader of a value that is no model output; null otherwise. The reader may read it twice. */
export function onlyUser(g: Graph, v: ValueId): Node | null {
  if (g.isOutput(v)) return null;
  const users = g.users(v);
  const first = users[0]?.node;
  return first && users.every((u) => u.node.id === first.id) ? first : null;
}

/** True when exactly one input of one node reads the value. */
export const usedOnce = (g: Graph, v: ValueId): boolean => g.useCount(v) === 1 && !g.isOutput(v);

export const attrInt = (n: Node, name: string, otherwise: number): number => {
  const a = n.attrs[name];
  return typeof a === 'number' ? a : otherwise;
};
export const attrText = (n: Node, name: string, otherwise: string): string => {
  const a = n.attrs[name];
  return typeof a === 'string' ? a : otherwise;
};
export const attrInts = (n: Node, name: string): readonly number[] | null => {
  const a = n.attrs[name];
  return Array.isArray(a) && a.every((x) => typeof x === 'number') ? (a as readonly number[]) : null;
};

/** Integers of a constant input or, in older forms, of an attribute; null when neither is known. */
export function intsOf(ctx: PassContext, n: Node, input: number, attr: string): readonly number[] | null {
  return n.inputs[input] === undefined || n.inputs[input] === null
    ? attrInts(n, attr)
    : numbersOf(ctx, n.inputs[input]);
}

export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** Union of the nodes' sources, each once, in order. */
export function sourcesOf(...nodes: readonly Node[]): SourceId[] {
  if (nodes.length === 1) return [...nodes[0]!.source];
  return [...new Set(nodes.flatMap((n) => n.source))].sort(compareSources);
}

/** How people know a node: its name, else its operator and first output. */
export function labelOf(g: Graph, n: Node): string {
  return n.name || g.findValue(n.outputs[0]!)?.name || `${n.op} #${n.id}`;
}

/** The other input of a two-input node whose one input is `v`. */
export function otherInput(n: Node, v: ValueId): ValueId | null {
  if (n.inputs.length !== 2) return null;
  return (n.inputs[0] === v ? n.inputs[1] : n.inputs[0]) ?? null;
}
