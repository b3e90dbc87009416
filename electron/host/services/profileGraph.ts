import { layerIds } from '../../../optimizer/engine/profile/compare/profile.ts';
import type { ProfileDocument, ProfileLayer } from '../../../optimizer/engine/profile/document.ts';
import type { GraphView, ViewNode } from '../../ipc/schemas/graph.ts';
import { layerKey, type ProfileResult } from '../../ipc/schemas/profile.ts';
import type { StudioParts } from '../parts/parts.ts';

type Binding = ProfileDocument['engine']['inputs'][number];

function terminal(kind: 'input' | 'output', index: number, b: Binding): ViewNode {
  return {
    id: `${kind === 'input' ? 'i' : 'o'}${index}`,
    kind,
    op: kind === 'input' ? 'Input' : 'Output',
    fused: false,
    name: b.name,
    category: 'other',
    sources: [],
    dtype: b.dtype,
    shape: b.shape,
    flops: 0,
    bytes: 0,
    constants: 0,
    group: '',
    supported: true,
  };
}

function layerNode(
  parts: StudioParts,
  profile: ProfileResult,
  l: ProfileLayer,
  names: ReadonlyMap<string, string>,
): ViewNode {
  return {
    id: layerKey(l.layer),
    kind: 'op',
    op: l.op,
    fused: l.sources.length > 1,
    // The first operator tells where in the model one is; the layer's own name only repeats what kind it is.
    name: l.conversion ? `${l.conversion.from} → ${l.conversion.to}` : (names.get(l.sources[0] ?? '') ?? l.name),
    category: l.conversion ? 'shape' : parts.category({ op: l.op, domain: '' }),
    sources: layerIds(profile, l),
    dtype: l.output.dtype,
    shape: l.output.shape,
    flops: l.flops,
    bytes: l.bytes,
    constants: 0,
    group: '',
    supported: true,
  };
}

/** The layers of a profiled engine as the window draws graphs. */
export function layerGraph(parts: StudioParts, d: ProfileResult): GraphView {
  const names = new Map(d.sources.filter((s) => s.name !== '').map((s) => [s.id, s.name]));
  const nodes: ViewNode[] = d.engine.inputs.map((b, i) => terminal('input', i, b));
  const first = nodes.length;
  const edges: number[] = [];
  const labels: string[] = [];
  const connect = (from: number, to: number): void => {
    edges.push(from, to);
    labels.push(nodes[from]!.shape);
  };
  for (const l of d.layers) {
    nodes.push(layerNode(parts, d, l, names));
    for (const k of l.inputs) connect(k < 0 ? -1 - k : first + k, nodes.length - 1);
  }
  for (const [i, b] of d.engine.outputs.entries()) {
    nodes.push(terminal('output', i, b));
    if (b.layer >= 0) connect(first + b.layer, nodes.length - 1);
  }
  return { nodes, edges: Int32Array.from(edges), labels, groups: [] };
}
