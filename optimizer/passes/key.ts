import { createHash } from 'node:crypto';
import type { NodeId, SourceId } from '../ir/graph.ts';

/** Sources of several nodes, each once, in natural order ("2" before "10"). */
export function sortSources(sources: Iterable<SourceId>): SourceId[] {
  return [...new Set(sources)].sort(compareSources);
}

/** Compares source ids part by part, numbers as numbers. */
export function compareSources(a: SourceId, b: SourceId): number {
  const x = a.split('/');
  const y = b.split('/');
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const p = Number(x[i]);
    const q = Number(y[i]);
    const order = Number.isNaN(p) || Number.isNaN(q) ? (x[i]! < y[i]! ? -1 : x[i]! > y[i]! ? 1 : 0) : p - q;
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

/** Key of an application: the same over rebuilds of the same model, whatever else was switched on or off. */
export function applicationKey(rule: string, sources: readonly SourceId[], occurrence: number): string {
  return createHash('sha256')
    .update(JSON.stringify([rule, sources, occurrence]))
    .digest('hex')
    .slice(0, 16);
}

/**
 * Tells apart applications of one rule on the same sources. An anchor keeps its number when it is tried again, so a
 * switched-off application does not pass its key on to its neighbour.
 */
export class Occurrences {
  private readonly claims = new Map<string, NodeId[]>();

  keyOf(rule: string, sources: readonly SourceId[], anchor: NodeId): string {
    const group = JSON.stringify([rule, sources]);
    let anchors = this.claims.get(group);
    if (!anchors) this.claims.set(group, (anchors = []));
    let at = anchors.indexOf(anchor);
    if (at < 0) at = anchors.push(anchor) - 1;
    return applicationKey(rule, sources, at);
  }
}
