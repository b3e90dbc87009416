import { type DimExpr, dimSize, substituteDim, symbolsOf } from '../ir/dim.ts';
import { isFloat } from '../ir/dtype.ts';
import { Graph, MissingValueError, type Node, type NodeId, type TensorType, type ValueId } from '../ir/graph.ts';
import { countOf, NumberTypeError, type TensorLiteral, toNumbers } from '../ir/tensor.ts';
import { literalWeight } from '../ir/weights.ts';
import { DATA_LIMIT } from './common/data.ts';
import { sameType, UnknownRank } from './common/shapes.ts';
import { findOp } from './index.ts';
import { attrOr, type InferContext, type Inferred, type OpDef, OpError, UnsupportedUse } from './op.ts';

/** What inference found besides the types, which it writes into the graph. */
export interface Inference {
  /** Contents of small integer values, element by element, also symbolic: shape arithmetic that can be folded. */
  readonly data: ReadonlyMap<ValueId, readonly DimExpr[]>;
  /** Nodes whose operator is not defined here; their outputs keep the types they had. */
  readonly unsupported: readonly NodeId[];
}

export interface InferOptions {
  /** Contents of graph inputs, for subgraphs. */
  readonly data?: ReadonlyMap<ValueId, readonly DimExpr[]>;
  /**
   * Called before a node's types are inferred, when those of its inputs are known; may rewrite the node and add others
   * (importers upgrade old forms here, also inside subgraphs).
   */
  readonly prepare?: (graph: Graph, node: Node) => void;
  /** Told of each node that is not defined here, with a sentence that follows the node's name. */
  readonly onUnsupported?: (node: Node, reason: string) => void;
  /** Prefix of new symbols: value ids repeat in subgraphs, symbols must not. */
  readonly scope?: string;
}

/** A node that contradicts its operator's definition. */
export class InferError extends OpError {
  readonly node: Node;
  constructor(node: Node, message: string) {
    super(`${labelOf(node)} ${message}`);
    this.node = node;
  }
}

/** What went wrong with a node, as an error that names it; anything unforeseen stays what it is. */
function ofNode(e: unknown, node: Node): unknown {
  if (e instanceof InferError) return e;
  if (e instanceof OpError) return new InferError(node, e.message);
  if (e instanceof NumberTypeError) return new InferError(node, `cannot be written out: ${e.message}`);
  // Old forms are rewritten before their operands are counted.
  if (e instanceof MissingValueError)
    return new InferError(node, `has ${node.inputs.length} inputs, which are too few`);
  return e;
}

/** How messages name a node: operator, then name or source. */
export const labelOf = (node: Pick<Node, 'op' | 'name' | 'source'>): string =>
  `${node.op} "${node.name || node.source[0] || ''}"`;

/**
 * Infers the types of all values from those of the graph's inputs and constants, in topological order, bodies and
 * subgraphs included. Values whose type stays the same are not touched. Throws InferError, or CycleError.
 */
export function inferTypes(graph: Graph, options: InferOptions = {}): Inference {
  const run = new Run(graph, options);
  for (const node of graph.topological()) run.visit(node);
  return { data: run.data, unsupported: run.unsupported };
}

/** Inference node by node, for importers that have to know shapes while they build: call it on each node once added. */
export function inferAsBuilt(
  graph: Graph,
  options: InferOptions = {},
): { visit(node: Node): void; readonly data: ReadonlyMap<ValueId, readonly DimExpr[]> } {
  return new Run(graph, options);
}

class Run {
  readonly data = new Map<ValueId, readonly DimExpr[]>();
  readonly unsupported: NodeId[] = [];
  private readonly graph: Graph;
  private readonly options: InferOptions;

  constructor(graph: Graph, options: InferOptions) {
    this.graph = graph;
    this.options = options;
    for (const [k, d] of options.data ?? []) this.data.set(k, d);
  }

  visit(node: Node): void {
    const { prepare } = this.options;
    if (!prepare) {
      this.infer(node);
      return;
    }
    const { outputs } = node;
    const delta = this.graph.recordDelta(() => {
      try {
        prepare(this.graph, node);
      } catch (e) {
        throw ofNode(e, node);
      }
    });
    // An upgrade knows the outputs of its operator; another one that is read would be left without an origin.
    outputs.forEach((v, i) => {
      const value = this.graph.findValue(v);
      if (value && !value.weight && !this.graph.producer(v) && this.graph.useCount(v) > 0)
        throw new InferError(node, `has no output ${i} ("${value.name}") here, and it is read`);
    });
    const added = delta.nodes.flatMap(([before, after]) => (before === null && after ? [after.id] : []));
    if (added.length === 0) {
      const now = this.graph.findNode(node.id);
      if (now) this.infer(now);
    } else for (const n of this.localOrder([node.id, ...added])) this.infer(n);
  }

  /** The few nodes that an upgrade made of one, producers first. */
  private localOrder(ids: readonly NodeId[]): Node[] {
    const left = new Set(ids.filter((id) => this.graph.findNode(id)));
    const out: Node[] = [];
    const place = (id: NodeId): void => {
      if (!left.delete(id)) return;
      const node = this.graph.node(id);
      for (const v of node.inputs) {
        const p = v === null ? undefined : this.graph.producer(v);
        if (p) place(p.id);
      }
      out.push(node);
    };
    for (const id of ids) place(id);
    return out;
  }

  private infer(node: Node): void {
    const def = findOp(node.domain, node.op);
    if (!def && !node.body) {
      this.refuse(node, 'is not known');
      return;
    }
    let inputs: readonly (TensorType | null)[] = [];
    let result: Inferred;
    try {
      inputs = node.inputs.map((v) => (v === null ? null : this.graph.value(v).type));
      if (def) {
        checkArity(def, node);
        result = def.infer(this.context(def, node, inputs));
      } else result = { types: this.inferBodyOf(node, inputs) };
    } catch (e) {
      if (e instanceof UnknownRank) {
        const dtype = inputs[0]?.dtype ?? 'float32';
        result = { types: node.outputs.map((): TensorType => ({ dtype, shape: null, guessed: true })) };
      } else if (e instanceof UnsupportedUse) {
        this.refuse(node, e.message);
        return;
      } else throw ofNode(e, node);
    }
    node.outputs.forEach((v, i) => {
      const type = result.types[i];
      if (type) this.setType(v, bounded(type, `?${this.options.scope ?? ''}${v}`));
      const d = result.data?.[i];
      if (d?.every((x) => dimSize(x, MAX_DIM) < MAX_DIM)) this.data.set(v, d);
    });
  }

  private refuse(node: Node, reason: string): void {
    this.unsupported.push(node.id);
    this.options.onUnsupported?.(node, reason);
  }

  private setType(id: ValueId, type: TensorType): void {
    const old = this.graph.value(id).type;
    // What the model itself declares about an otherwise unknown value is kept.
    if (type.shape === null && old.shape !== null && !old.guessed && (type.guessed || type.dtype === old.dtype)) return;
    if (!sameType(old, type)) this.graph.updateValue(id, { type });
  }

  private context(def: OpDef, node: Node, inputs: readonly (TensorType | null)[]): InferContext {
    let symbols = 0;
    return {
      node,
      inputs,
      data: (i) => this.dataOf(node.inputs[i] ?? null),
      literal: (i) => this.literalOf(node.inputs[i] ?? null),
      // Named after the output, so that inferring again gives the same symbols.
      fresh: (hint) =>
        `?${this.options.scope ?? ''}${node.outputs[0] ?? node.id}.${hint}${symbols++ ? `.${symbols}` : ''}`,
      attr: (name) => {
        const v = attrOr(def, node.attrs, name);
        if (v === undefined) throw new OpError(`has no attribute "${name}"`);
        return v as never;
      },
      inferBody: (name, types, data) => {
        const body = this.graph.node(node.id).attrs[name];
        if (!(body instanceof Graph)) throw new OpError(`has no subgraph "${name}"`);
        const [inferred, out] = this.inferSubgraph(body, types, data ?? [], `${node.outputs[0]}.${name}`);
        if (inferred !== body) {
          this.graph.updateNode(node.id, { attrs: { ...this.graph.node(node.id).attrs, [name]: inferred } });
        }
        return out;
      },
    };
  }

  /** Fused nodes: their body says what they compute. */
  private inferBodyOf(node: Node, inputs: readonly (TensorType | null)[]): readonly TensorType[] {
    const data = node.inputs.map((v) => this.dataOf(v));
    const [body, types] = this.inferSubgraph(node.body!, inputs, data, `${node.outputs[0]}`);
    if (body !== node.body) this.graph.updateNode(node.id, { body });
    return types;
  }

  /** Bodies may be shared with other graphs: one whose types change is copied first. While importing nothing is. */
  private inferSubgraph(
    body: Graph,
    inputs: readonly (TensorType | null)[],
    data: readonly (readonly DimExpr[] | null)[],
    place: string,
  ): [Graph, readonly TensorType[]] {
    if (body.inputs.length !== inputs.length) {
      throw new OpError(`has a subgraph of ${body.inputs.length} inputs but gives it ${inputs.length}`);
    }
    const changed = inputs.some((t, i) => t && !sameType(body.value(body.inputs[i]!).type, t));
    const known = new Map<ValueId, readonly DimExpr[]>();
    body.inputs.forEach((v, i) => {
      const d = data[i];
      if (d) known.set(v, d);
    });
    if (!changed && !this.options.prepare && known.size === 0) {
      return [body, body.outputs.map((v) => body.value(v).type)];
    }
    const target = changed && !this.options.prepare ? body.clone() : body;
    inputs.forEach((t, i) => {
      if (t) target.updateValue(target.inputs[i]!, { type: t });
    });
    const options: InferOptions = {
      data: known,
      scope: `${this.options.scope ?? ''}${place}/`,
      ...(this.options.prepare ? { prepare: this.options.prepare } : {}),
      ...(this.options.onUnsupported ? { onUnsupported: this.options.onUnsupported } : {}),
    };
    inferTypes(target, options);
    return [target, target.outputs.map((v) => target.value(v).type)];
  }

  private literalOf(id: ValueId | null): TensorLiteral | null {
    if (id === null) return null;
    const w = this.graph.value(id).weight;
    return w?.kind === 'literal' ? w.value : null;
  }

  private dataOf(id: ValueId | null): readonly DimExpr[] | null {
    if (id === null) return null;
    const known = this.data.get(id);
    if (known) return known;
    const t = this.literalOf(id);
    // Contents are followed for the sake of shapes: long float constants have nothing to do with them.
    if (!t || t.dtype === 'string' || countOf(t.shape) > (isFloat(t.dtype) ? 16 : DATA_LIMIT)) return null;
    let numbers: readonly number[];
    try {
      numbers = toNumbers(t);
    } catch {
      return null;
    }
    this.data.set(id, numbers);
    return numbers;
  }
}

/** Operands of the longest dimension expression that is followed; real models stay far below. */
const MAX_DIM = 400;

/** Expressions that have grown beyond all use become symbols of their own. */
function bounded(type: TensorType, symbol: string): TensorType {
  if (!type.shape?.some((d) => dimSize(d, MAX_DIM) >= MAX_DIM)) return type;
  return { ...type, shape: type.shape.map((d, i) => (dimSize(d, MAX_DIM) >= MAX_DIM ? `${symbol}.${i}` : d)) };
}

function checkArity(def: OpDef, node: Node): void {
  const given = node.inputs.length;
  if (given < def.inputs[0] || given > def.inputs[1]) {
    throw new OpError(`has ${given} inputs; it takes ${range(def.inputs)}`);
  }
  for (let i = 0; i < def.inputs[0]; i++) {
    if (node.inputs[i] === null && !OPTIONAL_FIRST.has(def.op)) throw new OpError(`lacks its input ${i}`);
  }
  if (node.outputs.length < def.outputs[0] || node.outputs.length > def.outputs[1]) {
    throw new OpError(`has ${node.outputs.length} outputs; it makes ${range(def.outputs)}`);
  }
}

/** Operators whose leading inputs may be left out. */
const OPTIONAL_FIRST: ReadonlySet<string> = new Set(['Loop', 'Resize', 'OptionalHasElement']);

const range = ([min, max]: readonly [number, number]): string =>
  min === max ? `${min}` : max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;

export { sameType } from './common/shapes.ts';

/**
 * Fixes symbolic dimensions of the graph's inputs, by input name, and infers everything again.
 * Throws OpError when a name is unknown or a shape contradicts the input's.
 */
export function fixShapes(graph: Graph, shapes: Readonly<Record<string, readonly number[]>>): Inference {
  const bind = bindShapes(
    graph.inputs.map((id) => graph.value(id)),
    shapes,
  );
  for (const id of graph.inputs) {
    const { type } = graph.value(id);
    if (type.shape?.some((d) => symbolsOf(d).size > 0)) {
      graph.updateValue(id, { type: { ...type, shape: type.shape.map((d) => substituteDim(d, bind)) } });
    }
  }
  return inferTypes(graph);
}

/** Numbers for the symbols in the inputs' shapes that make them the given ones. */
export function bindShapes(
  inputs: readonly { readonly name: string; readonly type: TensorType }[],
  shapes: Readonly<Record<string, readonly number[]>>,
): Map<string, number> {
  const bind = new Map<string, number>();
  for (const [name, dims] of Object.entries(shapes)) {
    const input = inputs.find((v) => v.name === name);
    if (!input)
      throw new OpError(
        `The model has no input "${name}"; its inputs are ${inputs.map((v) => `"${v.name}"`).join(', ')}.`,
      );
    const { shape } = input.type;
    const text = dims.join('×');
    if (shape === null) continue;
    if (shape.length !== dims.length)
      throw new OpError(`Input "${name}" has ${shape.length} dimensions; ${text} has ${dims.length}.`);
    shape.forEach((d, i) => {
      const want = dims[i]!;
      if (!Number.isInteger(want) || want < 0)
        throw new OpError(`${want} is not a length for a dimension of input "${name}".`);
      const have = typeof d === 'string' ? bind.get(d) : d;
      if (typeof have === 'number' && have !== want)
        throw new OpError(`Dimension ${i} of input "${name}" is ${have}, not ${want}.`);
      if (typeof d === 'string') bind.set(d, want);
    });
  }
  return bind;
}

/** An operand of a node that stands alone: its type, and its contents where they are known. */
export interface Operand {
  readonly type: TensorType;
  readonly literal?: TensorLiteral;
}

/** Types (and small contents) of one operator's results outside any graph; null when it is unknown or does not fit. */
export function inferNode(
  node: Pick<Node, 'op' | 'domain' | 'attrs'>,
  inputs: readonly (Operand | null)[],
  outputs = 1,
): Inferred | null {
  if (!findOp(node.domain, node.op)) return null;
  const graph = new Graph();
  const ids = inputs.map((t) => {
    if (!t) return null;
    return t.literal ? graph.addWeight(literalWeight(t.literal)).id : graph.addValue({ name: '', type: t.type }).id;
  });
  const unknown: TensorType = { dtype: 'float32', shape: null, guessed: true };
  const results = Array.from({ length: outputs }, () => graph.addValue({ name: '', type: unknown }).id);
  graph.addNode({ ...node, name: node.op, inputs: ids, outputs: results, source: ['0'] });
  try {
    const { data } = inferTypes(graph);
    return { types: results.map((v) => graph.value(v).type), data: results.map((v) => data.get(v) ?? null) };
  } catch (e) {
    if (e instanceof OpError) return null;
    throw e;
  }
}
