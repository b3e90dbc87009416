import type { Shape } from './dim.ts';
import type { DataType } from './dtype.ts';
import type { TensorLiteral } from './tensor.ts';
import type { WeightExpr } from './weight.ts';

export type NodeId = number;
export type ValueId = number;
/** Path of subgraphs and function calls plus the index in the model file, e.g. "12" or "12/then/3"; unique, stable. */
export type SourceId = string;

export interface TensorType {
  readonly dtype: DataType;
  /** null while the rank is unknown. */
  readonly shape: Shape | null;
  /** The dtype is a guess: the value comes from an operator that nobody here knows. */
  readonly guessed?: true;
  /** A list of tensors of this dtype; `shape` is what all of them have, null where they differ in rank. */
  readonly sequence?: true;
  /** The value may be absent. */
  readonly optional?: true;
}

export type AttrValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | TensorLiteral
  | Graph
  | readonly Graph[];
export type Attrs = Readonly<Record<string, AttrValue>>;

/** A value in single assignment: a graph input, a node's output, or a constant (`weight`). Records are immutable. */
export interface Value {
  readonly id: ValueId;
  /** The model's own tensor name; may be empty or repeated after passes. */
  readonly name: string;
  readonly type: TensorType;
  readonly weight?: WeightExpr;
}

/** One operator application. Records are immutable: passes replace them through `Graph`'s editing methods. */
export interface Node {
  readonly id: NodeId;
  /** ONNX operator name; fused nodes use the kinds of fused.ts with domain `sinter`. */
  readonly op: string;
  /** '' for the default domain, 'com.microsoft', 'sinter', or a plugin's. */
  readonly domain: string;
  readonly name: string;
  readonly attrs: Attrs;
  /** null where an optional input is absent. */
  readonly inputs: readonly (ValueId | null)[];
  readonly outputs: readonly ValueId[];
  /** The model's own operators that this node computes; never empty. */
  readonly source: readonly SourceId[];
  /** Sole meaning of a fused node: its inputs and outputs correspond to the node's one to one. */
  readonly body?: Graph;
}

/** An operator of the model as imported: what every view can be mapped back to. */
export interface SourceOperator {
  readonly id: SourceId;
  /** The source framework's own operator name, for display. */
  readonly op: string;
  readonly name: string;
}

/** A file that weights are read from. Paths are absolute in memory and never written into engines. */
export interface WeightFile {
  readonly path: string;
  readonly size: number;
}

export interface Use {
  readonly node: Node;
  readonly index: number;
}

/** An invertible change: each record before and after (null = absent). Never holds weight bytes beyond literals. */
export interface Delta {
  readonly nodes: readonly (readonly [before: Node | null, after: Node | null])[];
  readonly values: readonly (readonly [before: Value | null, after: Value | null])[];
  readonly outputs: readonly [before: readonly ValueId[], after: readonly ValueId[]] | null;
}

export type NodeSpec = Omit<Node, 'id'>;

/** A mutable set of immutable records with producer and user indices; every edit is recorded for the trace. */
export class Graph {
  name = '';
  inputs: readonly ValueId[] = [];
  /** Opset the graph's operators are written in: always the newest that ops/ knows; importers upgrade. */
  readonly files: WeightFile[] = [];
  readonly sources = new Map<SourceId, SourceOperator>();
  private outputIds: readonly ValueId[] = [];
  private readonly nodeMap = new Map<NodeId, Node>();
  private readonly valueMap = new Map<ValueId, Value>();
  private readonly producers = new Map<ValueId, NodeId>();
  /** value → node → number of uses */
  private readonly userIndex = new Map<ValueId, Map<NodeId, number>>();
  private nextNode = 1;
  private nextValue = 1;
  private record: {
    nodes: Map<NodeId, Node | null>;
    values: Map<ValueId, Value | null>;
    outputs: readonly ValueId[];
  } | null = null;

  get outputs(): readonly ValueId[] {
    return this.outputIds;
  }
  get nodeCount(): number {
    return this.nodeMap.size;
  }
  /** Nodes by id. Ids grow with insertion; for execution order use `topological`. */
  nodes(): IterableIterator<Node> {
    return this.nodeMap.values();
  }
  values(): IterableIterator<Value> {
    return this.valueMap.values();
  }
  findNode(id: NodeId): Node | undefined {
    return this.nodeMap.get(id);
  }
  node(id: NodeId): Node {
    const n = this.nodeMap.get(id);
    if (!n) throw new RangeError(`no node ${id}`);
    return n;
  }
  findValue(id: ValueId): Value | undefined {
    return this.valueMap.get(id);
  }
  value(id: ValueId): Value {
    const v = this.valueMap.get(id);
    if (!v) throw new MissingValueError(`no value ${id}`);
    return v;
  }
  producer(id: ValueId): Node | undefined {
    const n = this.producers.get(id);
    return n === undefined ? undefined : this.nodeMap.get(n);
  }
  /** Every use by a node, in node-id order; graph outputs are asked for with `isOutput`. */
  users(id: ValueId): Use[] {
    const out: Use[] = [];
    const ids = [...(this.userIndex.get(id)?.keys() ?? [])].sort((a, b) => a - b);
    for (const n of ids) {
      const node = this.node(n);
      node.inputs.forEach((v, index) => {
        if (v === id) out.push({ node, index });
      });
    }
    return out;
  }
  isOutput(id: ValueId): boolean {
    return this.outputIds.includes(id);
  }
  /** Number of reads: node inputs plus graph outputs. */
  useCount(id: ValueId): number {
    let n = 0;
    for (const c of this.userIndex.get(id)?.values() ?? []) n += c;
    for (const o of this.outputIds) if (o === id) n++;
    return n;
  }

  addValue(v: Omit<Value, 'id'>): Value {
    const value: Value = { ...v, id: this.nextValue++ };
    this.putValue(value.id, value);
    return value;
  }
  /** Adds a constant; its type is the expression's. */
  addWeight(weight: WeightExpr, name = ''): Value {
    return this.addValue({ name, type: { dtype: weight.dtype, shape: weight.shape }, weight });
  }
  updateValue(id: ValueId, change: Partial<Omit<Value, 'id'>>): Value {
    const value = { ...this.value(id), ...change };
    this.putValue(id, value);
    return value;
  }
  removeValue(id: ValueId): void {
    this.putValue(id, null);
  }
  addNode(spec: NodeSpec): Node {
    const node: Node = { ...spec, id: this.nextNode++ };
    this.putNode(node.id, node);
    return node;
  }
  updateNode(id: NodeId, change: Partial<NodeSpec>): Node {
    const node = { ...this.node(id), ...change };
    this.putNode(id, node);
    return node;
  }
  removeNode(id: NodeId): void {
    this.putNode(id, null);
  }
  setInputs(ids: readonly ValueId[]): void {
    this.inputs = ids;
  }
  setOutputs(ids: readonly ValueId[]): void {
    this.outputIds = ids;
  }
  /** Makes every reader of `from`, graph outputs included, read `to`. */
  replaceUses(from: ValueId, to: ValueId): void {
    for (const n of [...(this.userIndex.get(from)?.keys() ?? [])]) {
      this.updateNode(n, { inputs: this.node(n).inputs.map((v) => (v === from ? to : v)) });
    }
    if (this.isOutput(from)) this.setOutputs(this.outputIds.map((v) => (v === from ? to : v)));
  }

  /** Nodes so that producers precede users; ties by id, so the order is stable. Throws CycleError. */
  topological(): Node[] {
    const waiting = new Map<NodeId, number>();
    const ready: NodeId[] = [];
    for (const n of this.nodeMap.values()) {
      const deps = new Set<NodeId>();
      for (const v of n.inputs) {
        const p = v === null ? undefined : this.producers.get(v);
        if (p !== undefined) deps.add(p);
      }
      if (deps.size === 0) ready.push(n.id);
      else waiting.set(n.id, deps.size);
    }
    const heap = new MinHeap(ready);
    const out: Node[] = [];
    for (let id = heap.pop(); id !== undefined; id = heap.pop()) {
      const node = this.node(id);
      out.push(node);
      const next = new Set<NodeId>();
      for (const v of node.outputs) for (const u of this.userIndex.get(v)?.keys() ?? []) next.add(u);
      for (const u of next) {
        const left = waiting.get(u)! - 1;
        if (left === 0) {
          waiting.delete(u);
          heap.push(u);
        } else waiting.set(u, left);
      }
    }
    if (out.length < this.nodeMap.size) throw new CycleError(this.onCycles(new Set(waiting.keys())));
    return out;
  }

  /** Of nodes that wait for each other, those on a cycle: not the ones that only come after one. */
  private onCycles(left: Set<NodeId>): Node[] {
    const usersLeft = new Map<NodeId, number>();
    for (const id of left) {
      const users = new Set(this.node(id).outputs.flatMap((v) => [...(this.userIndex.get(v)?.keys() ?? [])]));
      usersLeft.set(id, [...users].filter((u) => left.has(u)).length);
    }
    const ends = [...left].filter((id) => usersLeft.get(id) === 0);
    for (let id = ends.pop(); id !== undefined; id = ends.pop()) {
      left.delete(id);
      const makers = new Set(this.node(id).inputs.map((v) => (v === null ? undefined : this.producers.get(v))));
      for (const maker of makers) {
        if (maker === undefined || !left.has(maker)) continue;
        const n = usersLeft.get(maker)! - 1;
        usersLeft.set(maker, n);
        if (n === 0) ends.push(maker);
      }
    }
    return [...left].map((id) => this.node(id));
  }

  /** Runs `edit` and returns the change it made, for the trace. Not re-entrant. */
  recordDelta(edit: () => void): Delta {
    if (this.record) throw new Error('a delta is already being recorded');
    const record = {
      nodes: new Map<NodeId, Node | null>(),
      values: new Map<ValueId, Value | null>(),
      outputs: this.outputIds,
    };
    this.record = record;
    try {
      edit();
    } finally {
      this.record = null;
    }
    return {
      nodes: [...record.nodes]
        .map(([id, before]) => [before, this.nodeMap.get(id) ?? null] as const)
        .filter(([a, b]) => a !== b),
      values: [...record.values]
        .map(([id, before]) => [before, this.valueMap.get(id) ?? null] as const)
        .filter(([a, b]) => a !== b),
      outputs: record.outputs === this.outputIds ? null : [record.outputs, this.outputIds],
    };
  }
  /** Applies a delta forwards, or backwards to undo it. */
  apply(delta: Delta, direction: 'forward' | 'backward' = 'forward'): void {
    const to = direction === 'forward' ? 1 : 0;
    for (const pair of delta.values) this.putValue((pair[0] ?? pair[1])!.id, pair[to]);
    for (const pair of delta.nodes) this.putNode((pair[0] ?? pair[1])!.id, pair[to]);
    if (delta.outputs) this.outputIds = delta.outputs[to];
  }
  /** A copy that shares the immutable records. */
  clone(): Graph {
    const g = new Graph();
    g.name = this.name;
    g.inputs = this.inputs;
    g.outputIds = this.outputIds;
    g.files.push(...this.files);
    for (const [k, s] of this.sources) g.sources.set(k, s);
    for (const v of this.valueMap.values()) g.putValue(v.id, v);
    for (const n of this.nodeMap.values()) g.putNode(n.id, n);
    g.nextNode = this.nextNode;
    g.nextValue = this.nextValue;
    return g;
  }

  private putValue(id: ValueId, value: Value | null): void {
    if (this.record && !this.record.values.has(id)) this.record.values.set(id, this.valueMap.get(id) ?? null);
    if (value) this.valueMap.set(id, value);
    else this.valueMap.delete(id);
    if (id >= this.nextValue) this.nextValue = id + 1;
  }
  private putNode(id: NodeId, node: Node | null): void {
    const old = this.nodeMap.get(id);
    if (this.record && !this.record.nodes.has(id)) this.record.nodes.set(id, old ?? null);
    if (old) {
      for (const v of old.inputs) if (v !== null) this.countUse(v, id, -1);
      for (const v of old.outputs) if (this.producers.get(v) === id) this.producers.delete(v);
    }
    if (node) {
      for (const v of node.inputs) if (v !== null) this.countUse(v, id, 1);
      for (const v of node.outputs) this.producers.set(v, id);
      this.nodeMap.set(id, node);
    } else this.nodeMap.delete(id);
    if (id >= this.nextNode) this.nextNode = id + 1;
  }
  private countUse(v: ValueId, n: NodeId, by: number): void {
    let m = this.userIndex.get(v);
    if (!m) this.userIndex.set(v, (m = new Map()));
    const c = (m.get(n) ?? 0) + by;
    if (c === 0) m.delete(n);
    else m.set(n, c);
  }
}

/** A value that a graph was asked for and does not have. */
export class MissingValueError extends RangeError {}

export class CycleError extends Error {
  readonly nodes: readonly Node[];
  constructor(nodes: readonly Node[]) {
    const shown = nodes.slice(0, 3).map((n) => `${n.op} "${n.name || (n.source[0] ?? '')}"`);
    super(
      `the graph has a cycle through ${shown.join(', ')}${nodes.length > 3 ? ` and ${nodes.length - 3} more` : ''}`,
    );
    this.name = 'CycleError';
    this.nodes = nodes;
  }
}

class MinHeap {
  private readonly a: number[];
  constructor(items: number[]) {
    this.a = items.sort((x, y) => x - y);
  }
  push(x: number): void {
    const a = this.a;
    let i = a.push(x) - 1;
    while (i > 0) {
      const p = (i - 1) >> 1;
      if (a[p]! <= a[i]!) break;
      [a[p], a[i]] = [a[i]!, a[p]!];
      i = p;
    }
  }
  pop(): number | undefined {
    const a = this.a;
    const top = a[0];
    const last = a.pop();
    if (a.length > 0 && last !== undefined) {
      a[0] = last;
      for (let i = 0; ; ) {
        let c = 2 * i + 1;
        if (c >= a.length) break;
        if (c + 1 < a.length && a[c + 1]! < a[c]!) c++;
        if (a[i]! <= a[c]!) break;
        [a[c], a[i]] = [a[i]!, a[c]!];
        i = c;
      }
    }
    return top;
  }
}
