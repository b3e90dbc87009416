import type { DimExpr, Shape } from '../../ir/dim.ts';
import { codeOfDtype, type DataType } from '../../ir/dtype.ts';
import type { ValueId } from '../../ir/graph.ts';
import { countOf, fromNumbers, toNumbers } from '../../ir/tensor.ts';
import { literalWeight } from '../../ir/weights.ts';
import { type Emitter, Unconvertible } from '../common/emitter.ts';
import { int } from '../onnx/messages.ts';
import { dtypeOf } from './dtypes.ts';
import type { AttrValue, NodeDef } from './messages.ts';
import { shapeOf } from './tensor.ts';

/** A variable that a resource handle stands for, by the name of its node. */
export interface Resource {
  readonly variable: string;
  readonly shared: string;
}
/** A list of tensors, as loops collect them; items that nobody has set are null. */
export interface TensorList {
  readonly items: readonly (ValueId | null)[];
}
/** What a node's result is: a value of the graph, a handle, a list, or nothing because its branch is never taken. */
export type Result = ValueId | Resource | TensorList | 'dead';
export const isValue = (r: Result | undefined): r is ValueId => typeof r === 'number';

/** Contents up to this length are looked at: shapes, axes, paddings. */
const MAX_CONTENTS = 4096;

/** One operator on its way into the graph: what a converter sees. */
export class NodeContext {
  readonly e: Emitter;
  readonly node: NodeDef;
  readonly results: readonly Result[];

  constructor(e: Emitter, node: NodeDef, results: readonly Result[]) {
    this.e = e;
    this.node = node;
    this.results = results;
  }

  get count(): number {
    return this.results.length;
  }
  /** An input that is a value. */
  in(i: number): ValueId {
    const r = this.results[i];
    if (r === undefined) throw new Unconvertible(`has ${this.results.length} inputs and needs ${i + 1}`);
    if (!isValue(r)) throw new Unconvertible('reads a resource or a list where a tensor is needed');
    return r;
  }
  list(i: number): TensorList {
    const r = this.results[i];
    if (typeof r !== 'object' || !('items' in r)) throw new Unconvertible('needs a list of tensors');
    return r;
  }
  get all(): ValueId[] {
    return this.results.map((_, i) => this.in(i));
  }
  shape(i = 0): Shape {
    return this.e.shape(this.in(i));
  }
  rank(i = 0): number {
    return this.shape(i).length;
  }
  dtype(i = 0): DataType {
    return this.e.type(this.in(i)).dtype;
  }

  attr(name: string): AttrValue | undefined {
    return this.node.attr[name];
  }
  int(name: string, fallback: number): number {
    const v = this.attr(name)?.i;
    return v === undefined || v === null ? fallback : int(v);
  }
  float(name: string, fallback: number): number {
    return this.attr(name)?.f ?? fallback;
  }
  bool(name: string, fallback = false): boolean {
    return this.attr(name)?.b ?? fallback;
  }
  text(name: string, fallback = ''): string {
    const s = this.attr(name)?.s;
    return s && s.length > 0 ? new TextDecoder().decode(s) : fallback;
  }
  ints(name: string): number[] {
    return (this.attr(name)?.list?.i ?? []).map(int);
  }
  texts(name: string): string[] {
    return (this.attr(name)?.list?.s ?? []).map((s) => new TextDecoder().decode(s));
  }
  type(name: string): DataType | undefined {
    const t = this.attr(name)?.type;
    return t === undefined ? undefined : dtypeOf(t);
  }
  shapeAttr(name: string): number[] | null {
    return shapeOf(this.attr(name)?.shape);
  }

  /** Small contents of an input where they are known, also symbolic. */
  contents(i: number): readonly DimExpr[] | null {
    return contentsOf(this.e, this.in(i));
  }
  /** Contents of an input that must be known when the model is opened. */
  known(i: number, what: string): number[] {
    const c = this.contents(i);
    if (!c?.every((d) => typeof d === 'number')) throw new Unconvertible(`computes ${what} at run time`);
    return c as number[];
  }
  /** An axis given by an input or attribute, 0 … rank − 1. */
  axis(a: number, rank: number): number {
    const at = a < 0 ? a + rank : a;
    if (!Number.isInteger(at) || at < 0 || at >= Math.max(rank, 1))
      throw new Unconvertible(`names axis ${a} of an input of ${rank} dimensions`);
    return at;
  }
  /** An integer input as int64, as our operators take shapes; a constant where its contents are known. */
  int64(i: number): ValueId {
    const v = this.in(i);
    const c = this.contents(i);
    const { shape, dtype } = this.e.type(v);
    if (c?.every((d) => typeof d === 'number') && shape?.every((d) => typeof d === 'number'))
      return this.e.constant('int64', shape as number[], c as number[]);
    return dtype === 'int64' ? v : cast(this.e, v, 'int64');
  }
}

/** Contents of a value that are known now. */
export function contentsOf(e: Emitter, v: ValueId): readonly DimExpr[] | null {
  const known = e.contents(v);
  if (known) return known;
  const w = e.graph.value(v).weight;
  if (!w || w.dtype === 'string' || countOf(w.shape) > MAX_CONTENTS) return null;
  return w.kind === 'literal' ? toNumbers(w.value) : null;
}

export function cast(e: Emitter, v: ValueId, to: DataType): ValueId {
  const { weight } = e.graph.value(v);
  if (e.type(v).dtype === to) return v;
  if (weight?.kind === 'literal' && (to === 'int64' || to === 'int32')) {
    const numbers = toNumbers(weight.value).map(Math.trunc);
    return e.weight(literalWeight(fromNumbers(to, weight.shape, numbers)));
  }
  return e.node('Cast', [v], { to: codeOfDtype(to) });
}

/** Turns one operator into nodes; one result per output of the operator that anyone may read. */
export type ConvertNode = (c: NodeContext) => readonly Result[];
export type OpTable = Readonly<Record<string, ConvertNode>>;
