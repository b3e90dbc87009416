import type { GraphView, ViewNode } from '../../electron/ipc/schemas/graph.ts';
import { layoutLevel, type Rect } from './layout/layout.ts';
import { LAYER_GAP, type Level, type Point } from './layout/level.ts';
import type { Mark } from './marks.ts';
import { NODE_HEIGHT, NODE_WIDTH, type SceneItem, sizeOf } from './scene.ts';

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
  /** The topmost change. */
  readonly first: Rect | null;
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

/** Nodes that replace nodes: they share sources, so they share a place. */
interface Exchange {
  readonly removed: ViewNode[];
  readonly added: ViewNode[];
}

const STACK_GAP = 16;
const stackHeight = (nodes: number): number => nodes * NODE_HEIGHT + (nodes - 1) * STACK_GAP;

/** Joins removed and added nodes that have sources in common. */
function exchanges(removed: readonly ViewNode[], added: readonly ViewNode[]): Exchange[] {
  const of = new Map<string, Exchange>();
  const all = new Set<Exchange>();
  const put = (n: ViewNode, kind: 'removed' | 'added'): void => {
    const met = new Set(n.sources.flatMap((s) => of.get(s) ?? []));
    const [first = { removed: [], added: [] }, ...others] = met;
    for (const o of others) {
      first.removed.push(...o.removed);
      first.added.push(...o.added);
      all.delete(o);
    }
    first[kind].push(n);
    all.add(first);
    for (const x of [...first.removed, ...first.added]) for (const s of x.sources) of.set(s, first);
  };
  for (const n of removed) put(n, 'removed');
  for (const n of added) put(n, 'added');
  return [...all];
}

/** Height to reserve for the first removed node, so that all that comes in its place fits. */
function reserved(list: readonly Exchange[]): Map<string, number> {
  const out = new Map<string, number>();
  for (const { removed, added } of list) {
    const first = removed[0];
    const extra = stackHeight(added.length) - (removed.length * NODE_HEIGHT + (removed.length - 1) * LAYER_GAP);
    if (first && extra > 0) out.set(first.id, NODE_HEIGHT + extra);
  }
  return out;
}

/** The middle of a box, as wide as a node. */
const narrowed = (b: Rect): Rect => ({ ...b, x: b.x + (b.w - NODE_WIDTH) / 2, w: NODE_WIDTH });

/**
 * Gives the added nodes of every exchange the box of the removed ones, in order; a node's width in its middle where another
 * exchange's box reaches in, and the place of the first removed node where others stand in it.
 */
function placeExchanges(
  list: readonly Exchange[],
  slots: ReadonlyMap<string, Rect>,
  kept: readonly Rect[],
  rects: Map<string, Rect>,
): void {
  const places = list.flatMap(({ removed, added }) => {
    const own = removed.flatMap((n) => slots.get(n.id) ?? []);
    const box = boxOf(own);
    return box && added.length > 0 ? [{ added, own, box, narrow: narrowed(box) }] : [];
  });
  for (const place of places) {
    const { added, own } = place;
    const free = (shape: 'box' | 'narrow'): boolean =>
      !kept.some((k) => overlaps(k, place[shape])) &&
      !places.some((other) => other !== place && overlaps(other[shape], place[shape]));
    const first = own.reduce((a, b) => (b.y < a.y ? b : a));
    const area =
      place.box.w < NODE_WIDTH * 8 && free('box')
        ? place.box
        : free('narrow')
          ? place.narrow
          : { ...first, w: NODE_WIDTH, h: stackHeight(added.length) };
    const each = (area.h - (added.length - 1) * STACK_GAP) / added.length;
    for (const [i, n] of added.entries())
      rects.set(n.id, { x: area.x, y: area.y + i * (each + STACK_GAP), w: area.w, h: each });
  }
}

/** A node that replaces nothing stands below what it reads. */
function placeNew(node: ViewNode, links: Links, rects: Map<string, Rect>): void {
  const size = sizeOf(asItem(node));
  const feeds = links.pairs.filter(([, to]) => to === node.id).flatMap(([from]) => rects.get(from) ?? []);
  const below = boxOf(feeds) ?? { x: 0, y: 0, w: size.w, h: 0 };
  rects.set(node.id, { x: below.x + below.w / 2 - size.w / 2, y: below.y + below.h + 20, ...size });
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
  const swaps = exchanges(removed, added);
  const extra = reserved(swaps);
  const level: Level = {
    sizes: left.map((n) => {
      const size = sizeOf(asItem(n));
      return [size.w, extra.get(n.id) ?? size.h] as const;
    }),
    edges: leftPairs.map(([a, b]) => [index.get(a)!, index.get(b)!] as const),
  };
  const placed = await layoutLevel(level);
  const slots = new Map<string, Rect>(
    left.map((n, i) => [n.id, { ...placed.at[i]!, w: level.sizes[i]![0], h: level.sizes[i]![1] }]),
  );
  const rects = new Map<string, Rect>(
    left.map((n) => {
      const slot = slots.get(n.id)!;
      const size = sizeOf(asItem(n));
      return [n.id, { x: slot.x, y: slot.y + (slot.h - size.h) / 2, ...size }];
    }),
  );
  const kept = left.filter((n) => afterIds.has(n.id)).map((n) => rects.get(n.id)!);
  placeExchanges(swaps, slots, kept, rects);
  for (const n of right) if (!rects.has(n.id)) placeNew(n, to, rects);

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
    first: changedRects.reduce<Rect | null>((a, b) => (a === null || b.y < a.y ? b : a), null),
    width: placed.width,
    height: placed.height,
  };
}
