import type { GraphView, ViewGroup, ViewNode } from '../../electron/ipc/schemas/graph.ts';

/** A graph view from the few fields a test cares about; edges by node id. */
export function viewOf(
  nodes: readonly (Partial<ViewNode> & { id: string })[],
  edges: readonly (readonly [string, string])[],
  groups: readonly ViewGroup[] = [],
): GraphView {
  const at = new Map(nodes.map((n, i) => [n.id, i]));
  return {
    nodes: nodes.map((n) => ({
      kind: 'op',
      op: 'Relu',
      fused: false,
      name: n.id,
      category: 'activation',
      sources: [n.id],
      dtype: 'float32',
      shape: '1×8',
      flops: 1,
      bytes: 1,
      constants: 0,
      group: '',
      supported: true,
      ...n,
    })),
    edges: Int32Array.from(edges.flatMap(([a, b]) => [at.get(a)!, at.get(b)!])),
    labels: edges.map(() => '1×8'),
    groups: [...groups],
  };
}
