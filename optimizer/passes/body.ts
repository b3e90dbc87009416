import { isFloat } from '../ir/dtype.ts';
import { Graph, type Node, type Value, type ValueId } from '../ir/graph.ts';
import { countOf, LITERAL_LIMIT } from '../ir/tensor.ts';

export interface Body {
  readonly body: Graph;
  /** Values of the outer graph that correspond to the body's inputs, in order. */
  readonly inputs: readonly ValueId[];
}

/** Operators whose constants are weights, even those of one element. */
const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'LayerNormalization']);

/**
 * Constants that belong to the meaning of a body and not to its data: single numbers (a clip limit, a scale), and shapes
 * and axes. They stay constants inside the body; weights and per-channel constants are inputs of the fused node.
 */
function isInner(v: Value, reader: Node): boolean {
  if (!v.weight || WEIGHTED.has(reader.op)) return false;
  if (reader.op === 'DequantizeLinear' && reader.inputs[0] === v.id) return false;
  const n = countOf(v.weight.shape);
  return (
    n <= 1 || (!isFloat(v.type.dtype) && v.type.dtype !== 'bool' && v.weight.kind === 'literal' && n <= LITERAL_LIMIT)
  );
}

/**
 * The body of a node that fuses `nodes` (producers first): their copy as a graph of its own, the bodies of already fused
 * ones inlined. Inputs come in the order of first use.
 */
export function makeBody(graph: Graph, nodes: readonly Node[], outputs: readonly ValueId[]): Body {
  const body = new Graph();
  const inner = new Map<ValueId, ValueId>();
  const inputs: ValueId[] = [];
  const bodyInputs: ValueId[] = [];

  const constants = new Map<ValueId, ValueId>();

  const read = (id: ValueId, reader: Node): ValueId => {
    const v = graph.value(id);
    const map = isInner(v, reader) ? constants : inner;
    const known = map.get(id);
    if (known !== undefined) return known;
    const { id: _, weight, ...rest } = v;
    const copy = body.addValue(weight && map === constants ? { ...rest, weight } : rest);
    map.set(id, copy.id);
    if (map === inner) {
      inputs.push(id);
      bodyInputs.push(copy.id);
    }
    return copy.id;
  };
  const write = (id: ValueId): ValueId => {
    const { name, type } = graph.value(id);
    const copy = body.addValue({ name, type });
    inner.set(id, copy.id);
    return copy.id;
  };

  for (const n of nodes) {
    const ins = n.inputs.map((v) => (v === null ? null : read(v, n)));
    if (n.body) {
      inline(body, n.body, ins, n.outputs, inner, n);
    } else {
      const { id: _, ...spec } = n;
      body.addNode({ ...spec, inputs: ins, outputs: n.outputs.map(write) });
    }
  }
  body.setInputs(bodyInputs);
  body.setOutputs(outputs.map((v) => inner.get(v)!));
  return { body, inputs };
}

/** Copies the nodes of `from` into `into`; records where the outer outputs went. */
function inline(
  into: Graph,
  from: Graph,
  inputs: readonly (ValueId | null)[],
  outerOutputs: readonly ValueId[],
  inner: Map<ValueId, ValueId>,
  owner: Node,
): void {
  const map = new Map<ValueId, ValueId>();
  from.inputs.forEach((v, i) => {
    const to = inputs[i];
    if (to === undefined || to === null) throw new Error(`fused node ${owner.id} lacks input ${i}`);
    map.set(v, to);
  });
  const copy = (v: ValueId): ValueId => {
    let to = map.get(v);
    if (to === undefined) {
      const { id: _, ...rest } = from.value(v);
      map.set(v, (to = into.addValue(rest).id));
    }
    return to;
  };
  for (const n of from.topological()) {
    const { id: _, ...spec } = n;
    into.addNode({ ...spec, inputs: n.inputs.map((v) => (v === null ? null : copy(v))), outputs: n.outputs.map(copy) });
  }
  from.outputs.forEach((v, i) => {
    inner.set(outerOutputs[i]!, copy(v));
  });
}

/** Operators of a node in order of execution: of its body, or the node itself. */
export const operatorsOf = (n: Node): readonly Node[] => (n.body ? n.body.topological() : [n]);

/** "Conv + Add + Relu", for notes; long chains are shortened. */
export function chainText(nodes: readonly Node[]): string {
  const ops = nodes.flatMap((n) => operatorsOf(n).map((o) => o.op));
  return ops.length <= 6 ? ops.join(' + ') : `${ops.slice(0, 4).join(' + ')} + ${ops.length - 4} more`;
}
