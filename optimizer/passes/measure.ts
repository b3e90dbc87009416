import { FUSED_DOMAIN } from '../ir/fused.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { nodeCost } from '../ops/cost.ts';
import { operatorsOf } from './body.ts';
import { attrInt } from './match.ts';
import type { GraphMeasure } from './pass.ts';

const RESHAPES = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Constant']);
const PARTS = new Set(['Concat', 'Split', 'Slice']);

/** Whether a node takes a launch of its own: all but constants, reshapes, and parts that pass 8 made views. */
export function isLaunch(n: Node): boolean {
  if (n.domain === FUSED_DOMAIN && n.op === 'Shuffle') return operatorsOf(n).some((o) => !RESHAPES.has(o.op));
  if (n.domain !== '') return true;
  return !RESHAPES.has(n.op) && !(PARTS.has(n.op) && attrInt(n, 'view', 0) === 1);
}

/** Size of a graph as the studio charts it over the passes. Symbolic dimensions count as 1. */
export function measureGraph(graph: Graph): GraphMeasure {
  let launches = 0;
  let flops = 0;
  let bytes = 0;
  for (const n of graph.nodes()) {
    if (!isLaunch(n)) continue;
    launches++;
    const cost = nodeCost(graph, n);
    flops += cost.flops;
    bytes += cost.bytes;
  }
  return { nodes: graph.nodeCount, launches, flops, bytes };
}
