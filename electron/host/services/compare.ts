import type { Graph, Node } from '../../../optimizer/ir/graph.ts';
import type { Grouping } from '../../../optimizer/ir/groups.ts';
import type { Comparison } from '../../ipc/schemas/graph.ts';
import type { StudioParts } from '../parts/parts.ts';
import { makeView } from './view.ts';

/** Whole graphs are compared up to this size; of larger ones what changed, with what is around it. */
const WHOLE = 220;
const HOPS = 2;
/** A node with more neighbours would bring in half the graph. */
const HUB = 12;

function neighbours(graph: Graph, n: Node): Node[] {
  const producers = n.inputs.flatMap((v) => (v === null ? [] : (graph.producer(v) ?? [])));
  const users = n.outputs.flatMap((v) => graph.users(v).map((u) => u.node));
  return [...producers, ...users];
}

/** Adds what is within a few steps of `seeds` in either direction. */
function grow(graph: Graph, seeds: ReadonlySet<number>, into: Set<number>): void {
  let front = [...seeds].filter((id) => graph.findNode(id));
  for (let hop = 0; hop < HOPS; hop++) {
    const next: number[] = [];
    for (const id of front) {
      const around = neighbours(graph, graph.node(id));
      if (around.length > HUB) continue;
      for (const n of around) if (!into.has(n.id) && !seeds.has(n.id)) next.push(n.id);
      for (const n of next) into.add(n);
    }
    front = next;
  }
}

const missingFrom = (graph: Graph, nodes: Iterable<Node>): number[] =>
  [...nodes].filter((n) => !graph.findNode(n.id)).map((n) => n.id);

/** Both graphs, cut down to the same nodes, so that a difference between the two views is a difference of the graphs. */
export function compareGraphs(
  parts: StudioParts,
  before: Graph,
  after: Graph,
  grouping: Grouping,
  seeds: readonly string[] | null,
): Comparison {
  const changed = [...missingFrom(after, before.nodes()), ...missingFrom(before, after.nodes())];
  if (seeds === null && before.nodeCount <= WHOLE) {
    const whole = { before: makeView(parts, before, grouping), after: makeView(parts, after, grouping) };
    return { ...whole, changed: changed.length, shown: changed.length };
  }
  const start = new Set(seeds === null ? firstOf(before, after, changed) : seeds.map((s) => Number(s.slice(1))));
  const near = new Set(start);
  grow(before, start, near);
  grow(after, start, near);
  // Around the chosen changes only what stays is shown: half of another change would look like a change of its own.
  const others = new Set(changed.filter((id) => !start.has(id)));
  const keep = (n: Node): boolean => near.has(n.id) && !others.has(n.id);
  return {
    before: makeView(parts, before, grouping, keep),
    after: makeView(parts, after, grouping, keep),
    changed: changed.length,
    shown: changed.filter((id) => start.has(id)).length,
  };
}

/** The first changes in execution order: removed nodes together with the added ones that take over their sources. */
function firstOf(before: Graph, after: Graph, changed: readonly number[]): number[] {
  const is = new Set(changed);
  const removed = before
    .topological()
    .filter((n) => is.has(n.id))
    .slice(0, WHOLE / 2);
  const sources = new Set(removed.flatMap((n) => n.source));
  const added = [...after.nodes()].filter(
    (n) => is.has(n.id) && (removed.length === 0 || n.source.some((s) => sources.has(s))),
  );
  // An added node whose sources reach further takes those nodes along.
  const reach = new Set(added.flatMap((n) => n.source));
  const whole = [...before.nodes()].filter((n) => is.has(n.id) && n.source.some((s) => reach.has(s)));
  return [...removed, ...whole, ...added].slice(0, WHOLE * 2).map((n) => n.id);
}
