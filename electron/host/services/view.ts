import { shapeText } from '../../../optimizer/ir/dim.ts';
import type { Graph, Node, TensorType } from '../../../optimizer/ir/graph.ts';
import type { Grouping } from '../../../optimizer/ir/groups.ts';
import type { GraphView, ViewNode } from '../../ipc/schemas/graph.ts';
import type { StudioParts } from '../parts/parts.ts';

export const nodeKey = (id: number): string => `n${id}`;
const opName = (n: Node): string => n.op;

function viewNode(parts: StudioParts, graph: Graph, grouping: Grouping, n: Node): ViewNode {
  const first = n.outputs[0];
  const type: TensorType | null = first === undefined ? null : graph.value(first).type;
  const cost = parts.cost(graph, n);
  return {
    id: nodeKey(n.id),
    kind: 'op',
    op: opName(n),
    fused: n.body !== undefined,
    name: n.name,
    category: parts.category(n),
    sources: [...n.source],
    dtype: type?.dtype ?? '',
    shape: type ? shapeText(type.shape) : '',
    flops: cost.flops,
    bytes: cost.bytes,
    constants: n.inputs.filter((v) => v !== null && graph.value(v).weight !== undefined).length,
    group: grouping.of.get(n.source[0] ?? '') ?? '',
    supported: parts.isSupported(n),
  };
}

function terminal(id: string, kind: 'input' | 'output', name: string, type: TensorType): ViewNode {
  return {
    id,
    kind,
    op: kind === 'input' ? 'Input' : 'Output',
    fused: false,
    name,
    category: 'other',
    sources: [],
    dtype: type.dtype,
    shape: shapeText(type.shape),
    flops: 0,
    bytes: 0,
    constants: 0,
    group: '',
    supported: true,
  };
}

/**
 * A graph as the window draws it: nodes in execution order, edges as pairs of positions, constants left out; of a part
 * (`keep`), with the inputs and outputs that touch it.
 */
export function makeView(
  parts: StudioParts,
  graph: Graph,
  grouping: Grouping,
  keep: ((node: Node) => boolean) | null = null,
): GraphView {
  const nodes: ViewNode[] = [];
  const edges: number[] = [];
  const labels: string[] = [];
  /** value → position of the node that makes it */
  const makers = new Map<number, number>();
  const inputs = new Map(graph.inputs.map((id, i) => [id, i]));
  const addInput = (id: number): void => {
    const v = graph.value(id);
    makers.set(id, nodes.length);
    nodes.push(terminal(`i${inputs.get(id)}`, 'input', v.name, v.type));
  };
  const connect = (value: number, to: number): void => {
    const from = makers.get(value);
    if (from === undefined) return;
    edges.push(from, to);
    labels.push(shapeText(graph.value(value).type.shape));
  };
  if (!keep) for (const id of graph.inputs) addInput(id);
  for (const n of graph.topological()) {
    if (keep && !keep(n)) continue;
    for (const v of n.inputs) if (v !== null && inputs.has(v) && !makers.has(v)) addInput(v);
    const at = nodes.length;
    nodes.push(viewNode(parts, graph, grouping, n));
    for (const v of new Set(n.inputs)) if (v !== null) connect(v, at);
    for (const v of n.outputs) makers.set(v, at);
  }
  for (const [i, id] of graph.outputs.entries()) {
    if (inputs.has(id) && !makers.has(id)) addInput(id);
    if (!makers.has(id)) continue;
    const v = graph.value(id);
    const at = nodes.length;
    nodes.push(terminal(`o${i}`, 'output', v.name, v.type));
    connect(id, at);
  }
  return { nodes, edges: Int32Array.from(edges), labels, groups: grouping.groups.map((g) => ({ ...g })) };
}
