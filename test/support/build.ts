import type { Shape } from '../../optimizer/ir/dim.ts';
import type { DataType } from '../../optimizer/ir/dtype.ts';
import { type Attrs, Graph, type ValueId } from '../../optimizer/ir/graph.ts';
import { countOf, fromNumbers } from '../../optimizer/ir/tensor.ts';
import { evaluateWeight, literalWeight } from '../../optimizer/ir/weights.ts';
import { inferTypes } from '../../optimizer/ops/infer.ts';
import { seeded } from './tensor.ts';

/** Builds graphs by hand as an importer would leave them: a source for every node, types inferred at the end. */
export class Build {
  readonly graph = new Graph();
  private readonly next = seeded(12345);
  private readonly outputs: ValueId[] = [];
  private count = 0;

  input(name: string, shape: Shape, dtype: DataType = 'float32'): ValueId {
    const v = this.graph.addValue({ name, type: { dtype, shape } });
    this.graph.setInputs([...this.graph.inputs, v.id]);
    return v.id;
  }

  /** Random weights; above 4,096 elements an expression instead, each with another content. */
  weight(shape: readonly number[], scale = 0.5, offset = 0): ValueId {
    const n = countOf(shape);
    if (n > 4096) {
      const value = fromNumbers('float32', [1], [scale * this.next()]);
      const dims = literalWeight(fromNumbers('int64', [shape.length], shape));
      return this.graph.addWeight(evaluateWeight('ConstantOfShape', { value }, [dims], 'float32', shape)).id;
    }
    const data = Array.from({ length: n }, () => offset + scale * this.next());
    return this.graph.addWeight(literalWeight(fromNumbers('float32', shape, data))).id;
  }
  constant(shape: readonly number[], data: readonly number[], dtype: DataType = 'float32'): ValueId {
    return this.graph.addWeight(literalWeight(fromNumbers(dtype, shape, data))).id;
  }
  scalar(x: number): ValueId {
    return this.constant([], [x]);
  }
  ints(...data: readonly number[]): ValueId {
    return this.constant([data.length], data, 'int64');
  }

  /** Adds a node with `outputs` results. */
  nodes(op: string, inputs: readonly (ValueId | null)[], attrs: Attrs, outputs: number): ValueId[] {
    const source = String(this.count++);
    const name = `${op}_${source}`;
    this.graph.sources.set(source, { id: source, op, name });
    const outs = Array.from(
      { length: outputs },
      (_, i) => this.graph.addValue({ name: `${name}:${i}`, type: { dtype: 'float32', shape: null } }).id,
    );
    this.graph.addNode({ op, domain: '', name, attrs, inputs, outputs: outs, source: [source] });
    return outs;
  }
  node(op: string, inputs: readonly (ValueId | null)[], attrs: Attrs = {}): ValueId {
    return this.nodes(op, inputs, attrs, 1)[0]!;
  }

  output(v: ValueId, name: string): this {
    this.graph.updateValue(v, { name });
    this.outputs.push(v);
    return this;
  }
  done(): Graph {
    this.graph.setOutputs(this.outputs);
    inferTypes(this.graph);
    return this.graph;
  }

  // What networks are made of.

  private channels(v: ValueId): number {
    inferTypesUpTo(this.graph);
    return this.graph.value(v).type.shape![1] as number;
  }
  conv(
    x: ValueId,
    out: number,
    kernel: number,
    options: { stride?: number; pad?: number; group?: number; bias?: boolean } = {},
  ): ValueId {
    const { stride = 1, pad = Math.floor(kernel / 2), group = 1, bias = true } = options;
    const inputs = [
      x,
      this.weight([out, this.channels(x) / group, kernel, kernel], 0.3),
      ...(bias ? [this.weight([out])] : []),
    ];
    const attrs = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group,
      dilations: [1, 1],
    };
    return this.node('Conv', inputs, attrs);
  }
  batchNorm(x: ValueId): ValueId {
    const c = this.channels(x);
    const params = [this.weight([c], 0.3, 1), this.weight([c]), this.weight([c]), this.weight([c], 0.3, 1)];
    return this.node('BatchNormalization', [x, ...params], { epsilon: 1e-5 });
  }
  relu(x: ValueId): ValueId {
    return this.node('Relu', [x]);
  }
  pool(op: string, x: ValueId, kernel: number, stride: number, pad = 0, ceil = 0): ValueId {
    const attrs = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      ceil_mode: ceil,
    };
    return this.node(op, [x], attrs);
  }
  /** Fully-connected as exporters of today write it. */
  gemm(x: ValueId, k: number, n: number): ValueId {
    return this.node('Gemm', [x, this.weight([n, k], 0.3), this.weight([n])], { transB: 1 });
  }
  /** Product with constant weights and a bias on the last axis. */
  linear(x: ValueId, k: number, n: number): ValueId {
    return this.node('Add', [this.node('MatMul', [x, this.weight([k, n], 0.2)]), this.weight([n])]);
  }
}

const done = new WeakMap<Graph, number>();
/** Infers again only when nodes were added since. */
function inferTypesUpTo(graph: Graph): void {
  if (done.get(graph) === graph.nodeCount) return;
  inferTypes(graph);
  done.set(graph, graph.nodeCount);
}
