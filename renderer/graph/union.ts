import type { GraphView, ViewNode } from '../../electron/ipc/schemas/graph.ts';
import { layoutLevel, type Rect } from './layout/layout.ts';
import type { Level, Point } from './layout/level.ts';
import type { Mark } from './marks.ts';
import { type SceneItem, sizeOf } from './scene.ts';

export interface Side {
  readonly nodes: readonly { readonly item: SceneItem; readonly rect: Rect; readonly mark: Mark }[];
  readonly edges: readonly {
    readonly id: string;
    readonly from: string;
    readonly to: string;
    readonly label: string;
    readonly bends: readonly Point[];
    readonly kind: string;
  }[];
}
/** Two graphs on one layout: what both have stands at the same place, a new node in the box of what it replaces. */
export interface Union {
  readonly before: Side;
  readonly after: Side;
  readonly rects: ReadonlyMap<string, Rect>;
  /** Box of what changed; null when nothing did. */
  readonly changed: Rect | null;
  readonly width: number;
  readonly height: number;
}

interface Links {
  readonly pairs: readonly (readonly [from: string, to: string, label: string])[];
}
const linksOf = (v: GraphView): Links => ({
  pairs: v.labels.map((label, i) => [v.nodes[v.edges[2 * i]!]!.id, v.nodes[v.edges[2 * i + 1]!]!.id, label] as const),
});

const boxOf = (rects: readonly Rect[]): Rect | null => {
  if (rects.length === 0) return null;
  const x = Math.min(...rects.map((r) => r.x));
  const y = Math.min(...rects.map((r) => r.y));
  return { x, y, w: Math.max(...rects.map((r) => r.x + r.w)) - x, h: Math.max(...rects.map((r) => r.y + r.h)) - y };
};
const overlaps = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
const asItem = (node: ViewNode): SceneItem => ({ kind: 'node', id: node.id, parent: '', node });

/** Where a new node stands: over what it replaces; else below what it reads. */
function placeAdded(
  node: ViewNode,
  removed: readonly ViewNode[],
  links: Links,
  rects: Map<string, Rect>,
  kept: readonly string[],
): Rect {
  const mine = new Set(node.sources);
  const replaced = removed.filter((r) => r.sources.some((s) => mine.has(s))).flatMap((r) => rects.get(r.id) ?? []);
  const size = sizeOf(asItem(node));
  const box = boxOf(replaced);
  if (box) {
    const clear = !kept.some((k) => overlaps(rects.get(k)!, box));
    if (clear && box.w < size.w * 8) return box;
    const first = replaced.reduce((a, b) => (b.y < a.y ? b : a));
    return { ...first, w: size.w, h: size.h };
  }
  const feeds = links.pairs.filter(([, to]) => to === node.id).flatMap(([from]) => rects.get(from) ?? []);
  const below = boxOf(feeds) ?? { x: 0, y: 0, w: size.w, h: 0 };
  return { x: below.x + below.w / 2 - size.w / 2, y: below.y + below.h + 20, ...size };
}

/** Lays out `before` and puts `after` on top of it. `focus`: the nodes that count as the change; empty = all. */
export async function unionLayout(before: GraphView, after: GraphView, focus: ReadonlySet<string>): Promise<Union> {
  const afterIds = new Set(after.nodes.map((n) => n.id));
  const beforeIds = new Set(before.nodes.map((n) => n.id));
  const removed = before.nodes.filter((n) => !afterIds.has(n.id));
  const added = after.nodes.filter((n) => !beforeIds.has(n.id));
  const [from, to] = [linksOf(before), linksOf(after)];
  const left = before.nodes;
  const right = after.nodes;
  const index = new Map(left.map((n, i) => [n.id, i]));
  const leftPairs = from.pairs.filter(([a, b]) => index.has(a) && index.has(b));
  const level: Level = {
    sizes: left.map((n) => {
      const s = sizeOf(asItem(n));
      return [s.w, s.h] as const;
    }),
    edges: leftPairs.map(([a, b]) => [index.get(a)!, index.get(b)!] as const),
  };
  const placed = await layoutLevel(level);
  const rects = new Map<string, Rect>(left.map((n, i) => [n.id, { ...placed.at[i]!, ...sizeOf(asItem(n)) }]));
  const kept = left.filter((n) => afterIds.has(n.id)).map((n) => n.id);
  for (const n of right) if (!rects.has(n.id)) rects.set(n.id, placeAdded(n, removed, to, rects, kept));

  const removedIds = new Set(removed.map((n) => n.id));
  const addedIds = new Set(added.map((n) => n.id));
  const pairKey = (a: string, b: string): string => `${a}→${b}`;
  const leftKeys = new Set(leftPairs.map(([a, b]) => pairKey(a, b)));
  const rightIds = new Set(right.map((n) => n.id));
  const bendsOf = new Map(leftPairs.map(([a, b], i) => [pairKey(a, b), placed.bends[i]!]));
  const side = (
    nodes: readonly ViewNode[],
    mark: (id: string) => Mark,
    pairs: readonly (readonly [string, string, string])[],
    kind: (a: string, b: string) => string,
  ): Side => ({
    nodes: nodes.map((n) => ({ item: asItem(n), rect: rects.get(n.id)!, mark: mark(n.id) })),
    edges: pairs.map(([a, b, label]) => ({
      id: pairKey(a, b),
      from: a,
      to: b,
      label,
      bends: bendsOf.get(pairKey(a, b)) ?? [],
      kind: kind(a, b),
    })),
  });
  const changedRects = [...removedIds, ...addedIds]
    .filter((id) => focus.size === 0 || focus.has(id))
    .flatMap((id) => rects.get(id) ?? []);
  return {
    before: side(
      left,
      (id) => (removedIds.has(id) ? 'removed' : 'kept'),
      leftPairs,
      (a, b) => (removedIds.has(a) || removedIds.has(b) ? 'removed' : 'plain'),
    ),
    after: side(
      right,
      (id) => (addedIds.has(id) ? 'added' : 'kept'),
      to.pairs.filter(([a, b]) => rightIds.has(a) && rightIds.has(b)),
      (a, b) => (addedIds.has(a) || addedIds.has(b) ? 'added' : leftKeys.has(pairKey(a, b)) ? 'plain' : 'rewired'),
    ),
    rects,
    changed: boxOf(changedRects),
    width: placed.width,
    height: placed.height,
  };
}
