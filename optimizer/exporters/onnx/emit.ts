import { type DimExpr, dimKey } from '../../ir/dim.ts';
import { FUSED_DOMAIN } from '../../ir/fused.ts';
import { Graph, type Node, type TensorType, type ValueId } from '../../ir/graph.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { codeOfDtype } from '../../ops/common/dtypes.ts';
import { findOp } from '../../ops/index.ts';
import { attributeMessage, tensorMessage } from './attributes.ts';
import { Names } from './names.ts';

/** Operator set written at least; operators that came later raise it. */
export const OPSET = 21;

/** Operators of the graph in its file form; weights follow apart, because they are streamed. */
export interface EmittedGraph {
  readonly name: string;
  readonly nodes: readonly object[];
  readonly inputs: readonly object[];
  readonly outputs: readonly object[];
  readonly initializers: readonly { readonly name: string; readonly weight: WeightExpr }[];
}

/** Raised when a graph cannot be written as standard ONNX. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

export interface Emission {
  readonly graph: EmittedGraph;
  /** Domains other than the default one. */
  readonly domains: ReadonlySet<string>;
  /** Newest operator set version that an operator was introduced in. */
  readonly opset: number;
}

/** `evaluate` is asked for weights that subgraphs of If, Loop and Scan own: these lie inside the operator's message. */
export async function emitGraph(graph: Graph, evaluate: (w: WeightExpr) => Promise<Uint8Array>): Promise<Emission> {
  const emitter = new Emitter(evaluate);
  const emitted = await emitter.root(graph);
  return { graph: emitted, domains: emitter.domains, opset: emitter.opset };
}

class Emitter {
  readonly domains = new Set<string>();
  opset = 0;
  private readonly names = new Names();
  private readonly nodeNames = new Names();
  private readonly evaluate: (w: WeightExpr) => Promise<Uint8Array>;

  constructor(evaluate: (w: WeightExpr) => Promise<Uint8Array>) {
    this.evaluate = evaluate;
  }

  root(graph: Graph): Promise<EmittedGraph> {
    return this.graph(graph, new Map(), graph.inputs.length);
  }

  /** `known`: names of inputs beyond the first `own` (captured values of a subgraph). */
  private async graph(graph: Graph, known: ReadonlyMap<ValueId, string>, own: number): Promise<EmittedGraph> {
    const at = new Map<ValueId, string>(known);
    const nodes: object[] = [];
    const initializers: { name: string; weight: WeightExpr }[] = [];
    const inputs = graph.inputs.slice(0, own).map((id) => {
      const v = graph.value(id);
      const name = v.name !== '' && this.names.reserve(v.name) ? v.name : this.names.unique(v.name, 'input');
      at.set(id, name);
      return valueInfo(name, v.type);
    });
    // Outputs keep their names, so they get them before anything inside.
    const outputs: { id: ValueId; name: string; direct: boolean }[] = [];
    for (const id of graph.outputs) {
      const v = graph.value(id);
      const direct = !at.has(id) && v.weight === undefined;
      const name = v.name !== '' && this.names.reserve(v.name) ? v.name : this.names.unique(v.name, 'output');
      if (direct) at.set(id, name);
      outputs.push({ id, name, direct });
    }
    await this.nodes(graph, at, nodes, initializers);
    for (const o of outputs) {
      if (o.direct) continue;
      // An input, a constant, or a value that is another output too.
      const from = this.read(graph, o.id, at, initializers);
      nodes.push({ name: this.nodeNames.unique('', 'Identity'), opType: 'Identity', input: [from], output: [o.name] });
    }
    return {
      name: graph.name || 'graph',
      nodes,
      inputs,
      outputs: outputs.map((o) => valueInfo(o.name, graph.value(o.id).type)),
      initializers,
    };
  }

  private read(
    graph: Graph,
    id: ValueId,
    at: Map<ValueId, string>,
    initializers: { name: string; weight: WeightExpr }[],
  ): string {
    const known = at.get(id);
    if (known !== undefined) return known;
    const v = graph.value(id);
    const name = this.names.unique(v.name, v.weight ? 'weight' : 'value');
    at.set(id, name);
    if (v.weight) initializers.push({ name, weight: v.weight });
    return name;
  }

  private async nodes(
    graph: Graph,
    at: Map<ValueId, string>,
    nodes: object[],
    initializers: { name: string; weight: WeightExpr }[],
  ): Promise<void> {
    for (const n of graph.topological()) {
      const input = n.inputs.map((v) => (v === null ? '' : this.read(graph, v, at, initializers)));
      const output = n.outputs.map((v) => this.read(graph, v, at, initializers));
      if (n.body) await this.inline(n, n.body, input, output, nodes, initializers);
      else nodes.push(await this.node(n, input, output));
    }
  }

  /** A fused node is written as its body: that is its meaning. */
  private async inline(
    n: Node,
    body: Graph,
    input: readonly string[],
    output: readonly string[],
    nodes: object[],
    initializers: { name: string; weight: WeightExpr }[],
  ): Promise<void> {
    const at = new Map<ValueId, string>();
    body.inputs.forEach((v, i) => {
      if (input[i]) at.set(v, input[i]);
    });
    const renamed: [ValueId, string][] = [];
    body.outputs.forEach((v, i) => {
      if (at.has(v) || body.value(v).weight) renamed.push([v, output[i]!]);
      else at.set(v, output[i]!);
    });
    await this.nodes(body, at, nodes, initializers);
    for (const [v, name] of renamed) {
      const from = this.read(body, v, at, initializers);
      nodes.push({
        name: this.nodeNames.unique(n.name, 'Identity'),
        opType: 'Identity',
        input: [from],
        output: [name],
      });
    }
  }

  private async node(n: Node, input: readonly string[], output: readonly string[]): Promise<object> {
    if (n.domain === FUSED_DOMAIN)
      throw new ExportError(`The fused operator ${n.op} "${n.name}" has no body to write.`);
    if (n.domain !== '') this.domains.add(n.domain);
    else this.opset = Math.max(this.opset, neededOpset(n.op));
    const captured = (n.attrs.captures as number | undefined) ?? 0;
    const own = input.length - captured;
    const attribute: object[] = [];
    for (const [name, value] of Object.entries(n.attrs)) {
      // Ours, not the standard's: where captured values begin, and the passes' wishes.
      if (name === 'captures' || ((name === 'view' || name === 'fold') && n.domain === '')) continue;
      // ONNX Runtime hands the attribute on to its quantized pooling, which does not know it.
      if (name === 'dilations' && n.op === 'AveragePool' && (value as readonly number[]).every((d) => d === 1))
        continue;
      if (value instanceof Graph) {
        attribute.push({ name, type: 5, g: await this.subgraph(value, input.slice(own)) });
      } else attribute.push(attributeMessage(n.domain, n.op, name, value));
    }
    return {
      name: this.nodeNames.unique(n.name, n.op),
      opType: n.op,
      input: input.slice(0, own),
      output,
      attribute,
      ...(n.domain === '' ? {} : { domain: n.domain }),
    };
  }

  private async subgraph(body: Graph, captured: readonly string[]): Promise<object> {
    const own = body.inputs.length - captured.length;
    const known = new Map(body.inputs.slice(own).map((v, i) => [v, captured[i]!]));
    const g = await this.graph(body, known, own);
    const initializer: object[] = [];
    for (const { name, weight } of g.initializers) {
      const bytes = weight.kind === 'literal' ? weight.value.bytes : await this.evaluate(weight);
      initializer.push(tensorMessage({ dtype: weight.dtype, shape: weight.shape, bytes }, name));
    }
    return { name: g.name, node: g.nodes, input: g.inputs, output: g.outputs, initializer };
  }
}

/** Operators that came after the set that is written are in their newest form; all others have the same form in it. */
function neededOpset(op: string): number {
  const since = findOp('', op)?.since ?? [0];
  return since[0]! <= OPSET ? OPSET : since[since.length - 1]!;
}

/** Symbols keep their names; expressions are written as their text, symbols that only data decides are left open. */
function dimension(d: DimExpr): object {
  if (typeof d === 'number') return { dimValue: d };
  const key = dimKey(d);
  return key.includes('?') ? {} : { dimParam: key };
}

function valueInfo(name: string, type: TensorType): object {
  const shape = type.shape === null ? {} : { shape: { dim: type.shape.map(dimension) } };
  return { name, type: { tensorType: { elemType: codeOfDtype(type.dtype), ...shape } } };
}
