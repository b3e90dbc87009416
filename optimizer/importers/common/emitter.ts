import type { DimExpr, Shape } from '../../ir/dim.ts';
import type { DataType } from '../../ir/dtype.ts';
import { type Attrs, Graph, type NodeId, type SourceOperator, type TensorType, type ValueId } from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { literalWeight } from '../../ir/weights.ts';
import { inferAsBuilt } from '../../ops/infer.ts';
import type { UnsupportedOperator } from '../model.ts';

/** Thrown by a converter that cannot express an operator; the sentence follows the operator's name. */
export class Unconvertible extends Error {
  override readonly name = 'Unconvertible';
}

const UNKNOWN: TensorType = { dtype: 'float32', shape: null, guessed: true };

/**
 * Builds a graph from another framework's operators, one after the other in execution order. Types are known as soon as
 * a node is added, so converters may ask for shapes. Each operator becomes some of ours, all with its source id.
 */
export class Emitter {
  readonly graph: Graph;
  readonly unsupported: UnsupportedOperator[] = [];
  /** What the user should know about the import, one sentence each. */
  readonly notes = new Set<string>();
  /** Domain of operators that stay as they are because nobody here knows them. */
  private readonly domain: string;
  private readonly inference: ReturnType<typeof inferAsBuilt>;
  private current: SourceOperator = { id: '', op: '', name: '' };
  private added: NodeId[] = [];

  /** `scope` sets the symbols of a subgraph apart from those of other graphs. */
  constructor(domain: string, scope = '') {
    this.domain = domain;
    this.graph = new Graph();
    this.inference = inferAsBuilt(this.graph, { scope });
  }

  input(name: string, type: TensorType): ValueId {
    const v = this.graph.addValue({ name, type });
    this.graph.setInputs([...this.graph.inputs, v.id]);
    return v.id;
  }

  /**
   * Converts one source operator through `convert`, which returns its results. Where it throws Unconvertible nothing of
   * it remains but one node of the source's own kind, which is marked: the graph opens, building it is refused.
   */
  operator(
    source: SourceOperator,
    inputs: readonly (ValueId | null)[],
    outputs: readonly string[],
    convert: () => readonly ValueId[],
    /** Element type of the results where it is known although the operator is not. */
    dtype?: DataType,
  ): readonly ValueId[] {
    this.current = source;
    this.added = [];
    this.graph.sources.set(source.id, source);
    try {
      const results = convert();
      results.forEach((v, i) => {
        this.rename(v, outputs[i] ?? '');
      });
      return results;
    } catch (e) {
      if (!(e instanceof Unconvertible)) throw e;
      return this.opaque(source, inputs, outputs, e.message, dtype);
    }
  }

  private opaque(
    source: SourceOperator,
    inputs: readonly (ValueId | null)[],
    outputs: readonly string[],
    why: string,
    dtype?: DataType,
  ): ValueId[] {
    for (const id of this.added.reverse()) {
      const { outputs: results } = this.graph.node(id);
      this.graph.removeNode(id);
      for (const v of results) this.graph.removeValue(v);
    }
    const type: TensorType = dtype ? { dtype, shape: null } : UNKNOWN;
    const outs = outputs.map((name) => this.graph.addValue({ name, type }).id);
    this.graph.addNode({
      op: source.op,
      domain: this.domain,
      name: source.name,
      attrs: {},
      inputs,
      outputs: outs,
      source: [source.id],
    });
    this.unsupported.push({
      source: source.id,
      op: source.op,
      domain: this.domain,
      name: source.name,
      reason: `The operator ${source.op} "${source.name}" ${why}; a plugin that defines it makes the model build.`,
    });
    return outs;
  }

  /** A result carries the source's name for it; graph inputs and constants keep theirs. */
  private rename(v: ValueId, name: string): void {
    if (name !== '' && this.graph.producer(v) && this.added.includes(this.graph.producer(v)!.id))
      this.graph.updateValue(v, { name });
  }

  /** Adds a node of the current operator with `count` results. */
  nodes(op: string, inputs: readonly (ValueId | null)[], attrs: Attrs, count: number, domain = ''): ValueId[] {
    const { id, name } = this.current;
    const outs = Array.from({ length: count }, () => this.graph.addValue({ name: '', type: UNKNOWN }).id);
    const node = this.graph.addNode({ op, domain, name, attrs, inputs, outputs: outs, source: [id] });
    this.added.push(node.id);
    this.inference.visit(node);
    return outs;
  }
  node(op: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId {
    return this.nodes(op, inputs, attrs, 1)[0]!;
  }

  type(v: ValueId): TensorType {
    return this.graph.value(v).type;
  }
  /** The shape; Unconvertible where the rank is unknown. */
  shape(v: ValueId): Shape {
    const { shape } = this.type(v);
    if (shape === null) throw new Unconvertible('reads a value whose number of dimensions is not known');
    return shape;
  }
  /** The shape with every length known. */
  lengths(v: ValueId): readonly number[] {
    const shape = this.shape(v);
    if (!shape.every((d) => typeof d === 'number'))
      throw new Unconvertible('needs an input of fixed size: give its shape when opening the model');
    return shape as readonly number[];
  }
  /** Contents of a small value that shape arithmetic knows, also symbolic. */
  contents(v: ValueId): readonly DimExpr[] | null {
    return this.inference.data.get(v) ?? null;
  }

  weight(w: WeightExpr, name = ''): ValueId {
    return this.graph.addWeight(w, name).id;
  }
  constant(dtype: DataType, shape: readonly number[], data: readonly number[]): ValueId {
    return this.weight(literalWeight(fromNumbers(dtype, shape, data)));
  }
  ints(...data: readonly number[]): ValueId {
    return this.constant('int64', [data.length], data);
  }
  scalar(x: number, dtype: DataType = 'float32'): ValueId {
    return this.constant(dtype, [], [x]);
  }

  // Compositions that every importer needs.

  transpose(v: ValueId, perm: readonly number[]): ValueId {
    return perm.every((p, i) => p === i) ? v : this.node('Transpose', [v], { perm });
  }
  /** Reshape to known lengths; -1 infers one, 0 copies the input's. */
  reshape(v: ValueId, dims: readonly number[]): ValueId {
    return this.node('Reshape', [v, this.ints(...dims)]);
  }
  /** A part of one axis. */
  slice(v: ValueId, axis: number, start: number, end: number): ValueId {
    return this.node('Slice', [v, this.ints(start), this.ints(end), this.ints(axis)]);
  }
}
