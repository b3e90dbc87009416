import type { DataType } from '../../ir/dtype.ts';
import type { Attrs, Graph, Node, ValueId } from '../../ir/graph.ts';
import { fromNumbers } from '../../ir/tensor.ts';
import { defineOp, type OpDef, OpError } from '../op.ts';
import { addHelper, addInts, addLiteral, inputType } from './upgrades.ts';

type Definition = Omit<OpDef, 'infer' | 'upgrades' | 'category'> & Partial<Pick<OpDef, 'category' | 'upgrades'>>;

/**
 * An operator that the standard defines by others (a function): importing writes it out, so that passes, kernels and
 * devices only know the others. `apply` must make all of the node's outputs, the first one by `finish`.
 */
export const composed = (def: Definition, apply: (c: Composer) => void): OpDef =>
  defineOp({
    category: 'other',
    ...def,
    upgrades: [
      ...(def.upgrades ?? []),
      {
        below: Number.MAX_SAFE_INTEGER,
        apply: (graph, node) => {
          const most = def.outputs[1];
          if (node.outputs.length > most) throw new OpError(`has ${node.outputs.length} outputs; it gives ${most}`);
          apply(new Composer(graph, node, def));
        },
      },
    ],
    infer: () => {
      throw new OpError('is written as the operators that define it in this graph');
    },
  });

/** Writes a node as a chain of standard operators. */
export class Composer {
  readonly graph: Graph;
  readonly node: Node;
  private readonly def: Pick<OpDef, 'attrs'>;

  constructor(graph: Graph, node: Node, def: Pick<OpDef, 'attrs'>) {
    this.graph = graph;
    this.node = node;
    this.def = def;
  }

  /** Input that must be there. */
  input(index: number): ValueId {
    const v = this.node.inputs[index];
    if (v === null || v === undefined) throw new OpError(`lacks its input ${index}`);
    return v;
  }
  has(index: number): boolean {
    return this.node.inputs[index] !== null && this.node.inputs[index] !== undefined;
  }
  dtype(index: number): DataType {
    return inputType(this.graph, this.node, index)?.dtype ?? 'float32';
  }
  rank(index: number): number {
    const shape = inputType(this.graph, this.node, index)?.shape;
    if (!shape) throw new OpError(`needs an input ${index} of known rank`);
    return shape.length;
  }
  dims(index: number) {
    return inputType(this.graph, this.node, index)?.shape ?? null;
  }
  attr(name: string): number {
    const v = this.node.attrs[name] ?? this.def.attrs[name]?.default;
    if (typeof v !== 'number') throw new OpError(`has no attribute "${name}"`);
    return v;
  }
  text(name: string): string {
    const v = this.node.attrs[name] ?? this.def.attrs[name]?.default;
    return typeof v === 'string' ? v : '';
  }

  scalar(dtype: DataType, value: number): ValueId {
    return addLiteral(this.graph, fromNumbers(dtype, [], [value]));
  }
  list(dtype: DataType, values: readonly number[]): ValueId {
    return addLiteral(this.graph, fromNumbers(dtype, [values.length], values));
  }
  ints(values: readonly number[]): ValueId {
    return addInts(this.graph, values);
  }
  op(name: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId {
    return addHelper(this.graph, this.node, name, inputs, attrs);
  }
  /** An operator whose result is one of the node's own outputs, other than the first. */
  output(index: number, name: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): void {
    const v = this.node.outputs[index];
    if (v !== undefined) addHelper(this.graph, this.node, name, inputs, attrs, v);
  }
  /** The operator that makes the first output; the node becomes it. */
  finish(name: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): void {
    this.graph.updateNode(this.node.id, { op: name, domain: '', inputs, attrs, outputs: [this.node.outputs[0]!] });
  }
}
