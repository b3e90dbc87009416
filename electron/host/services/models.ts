import { stat } from 'node:fs/promises';
import path from 'node:path';
import { shapeText, symbolsOf } from '../../../optimizer/ir/dim.ts';
import { byteLength } from '../../../optimizer/ir/dtype.ts';
import type { Graph, TensorType } from '../../../optimizer/ir/graph.ts';
import { type Grouping, groupGraph } from '../../../optimizer/ir/groups.ts';
import { countOf } from '../../../optimizer/ir/tensor.ts';
import type { Optimized } from '../../../optimizer/passes/pass.ts';
import { HostError } from '../../ipc/protocol.ts';
import type { GraphPoint, ModelSummary } from '../../ipc/schemas/graph.ts';
import type { Imported, StudioParts } from '../parts/parts.ts';

export interface OpenModel {
  readonly path: string;
  readonly imported: Imported;
  readonly grouping: Grouping;
  readonly summary: ModelSummary;
  optimized: Optimized | null;
  revision: number;
}

const typeText = (t: TensorType): string => `${t.dtype} ${shapeText(t.shape)}`;

function symbols(graph: Graph): string[] {
  const out = new Set<string>();
  for (const id of graph.inputs) for (const d of graph.value(id).type.shape ?? []) symbolsOf(d, out);
  return [...out];
}

function weightBytes(graph: Graph): number {
  let n = 0;
  for (const v of graph.values()) if (v.weight) n += byteLength(v.weight.dtype, countOf(v.weight.shape));
  return n;
}

/** The models that are open, by handle. */
export class Models {
  private readonly open = new Map<string, OpenModel>();
  private readonly parts: StudioParts;
  private next = 1;

  constructor(parts: StudioParts) {
    this.parts = parts;
  }

  async add(file: string, imported: Imported): Promise<OpenModel> {
    const { graph } = imported;
    const named = (id: number): { name: string; type: string } => {
      const v = graph.value(id);
      return { name: v.name, type: typeText(v.type) };
    };
    const unsupported = new Map<string, string[]>();
    for (const n of graph.nodes()) {
      if (this.parts.isSupported(n)) continue;
      const key = n.domain === '' ? n.op : `${n.domain}.${n.op}`;
      unsupported.set(key, [...(unsupported.get(key) ?? []), ...n.source]);
    }
    const model = `m${this.next++}`;
    const entry: OpenModel = {
      path: file,
      imported,
      grouping: groupGraph(graph),
      optimized: null,
      revision: 0,
      summary: {
        model,
        path: file,
        name: path.basename(file),
        format: imported.format,
        hash: imported.hash,
        fileBytes: (await stat(file).catch(() => null))?.size ?? 0,
        weightBytes: weightBytes(graph),
        operators: graph.nodeCount,
        inputs: graph.inputs.map(named),
        outputs: graph.outputs.map(named),
        symbols: symbols(graph),
        problems: [
          ...imported.problems.map((p) => ({ ...p, sources: [...p.sources] })),
          ...[...unsupported].map(([op, sources]) => ({
            severity: 'warning' as const,
            text: `${op} (${sources.length} times) is not an operator that Sinter knows yet; the graph opens, but building needs a plugin for it.`,
            sources,
          })),
        ],
      },
    };
    this.open.set(model, entry);
    return entry;
  }

  get(handle: string): OpenModel {
    const m = this.open.get(handle);
    if (!m) throw new HostError('no-model', 'That model is no longer open; open it again.');
    return m;
  }

  close(handle: string): void {
    this.open.delete(handle);
  }

  optimized(handle: string): Optimized {
    const { optimized } = this.get(handle);
    if (!optimized) throw new HostError('not-optimized', 'The model has not been optimized yet.');
    return optimized;
  }

  /** The graph at a point of the trace. */
  graphAt(handle: string, point: GraphPoint): Graph {
    const { optimized, imported } = this.get(handle);
    if (point.passes === 0 && point.applications === 0) return optimized?.initial ?? imported.graph;
    if (!optimized) throw new HostError('not-optimized', 'The model has not been optimized yet.');
    const { passes } = optimized.trace;
    if (point.passes >= passes.length) return optimized.graph;
    return this.parts.graphAt(optimized, point.passes, point.applications);
  }
}
