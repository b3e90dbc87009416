import { type Scene, type SceneItem, sizeOf } from '../scene.ts';
import { ELK_MAX, elkLayout } from './elk.ts';
import { layeredLayout } from './layered.ts';
import { type Level, type LevelLayout, levelKey, type Point } from './level.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}
export interface SceneLayout {
  /** Absolute rectangles of every item, frames included. */
  readonly rects: ReadonlyMap<string, Rect>;
  /** Absolute corners of edges that have any. */
  readonly bends: ReadonlyMap<string, readonly Point[]>;
  readonly width: number;
  readonly height: number;
}

const FRAME = { side: 18, top: 40, bottom: 18 };
const cache = new Map<string, LevelLayout>();
const CACHED = 400;

/** Lays out one level, from the cache when an identical one was done before. */
export async function layoutLevel(level: Level): Promise<LevelLayout> {
  const key = levelKey(level);
  const there = cache.get(key);
  if (there) return there;
  const small = level.sizes.length > 1 && level.sizes.length <= ELK_MAX;
  const done = (small ? await elkLayout(level) : null) ?? layeredLayout(level);
  if (cache.size >= CACHED) cache.delete(cache.keys().next().value!);
  cache.set(key, done);
  return done;
}

/** Ancestor of an item that is a direct child of `parent`. */
function childUnder(scene: Scene, parent: string): (id: string) => string | null {
  const memo = new Map<string, string | null>();
  return (id) => {
    const known = memo.get(id);
    if (known !== undefined) return known;
    let at: string | null = id;
    for (;;) {
      const item: SceneItem | undefined = at === null ? undefined : scene.items.get(at);
      if (!item) {
        at = null;
        break;
      }
      if (item.parent === parent) break;
      at = item.parent === '' ? null : item.parent;
    }
    memo.set(id, at);
    return at;
  };
}

interface Placed {
  readonly layout: LevelLayout;
  readonly ids: readonly string[];
  readonly inner: ReadonlyMap<string, Placed>;
  /** Scene edges whose both ends are direct children, by level edge. */
  readonly own: readonly (string | null)[];
}

async function placeLevel(scene: Scene, parent: string): Promise<Placed> {
  const ids = scene.children.get(parent) ?? [];
  const inner = new Map<string, Placed>();
  await Promise.all(
    ids.map(async (id) => {
      if (scene.items.get(id)?.kind === 'frame') inner.set(id, await placeLevel(scene, id));
    }),
  );
  const index = new Map(ids.map((id, i) => [id, i]));
  const up = childUnder(scene, parent);
  const seen = new Map<string, number>();
  const edges: [number, number][] = [];
  const own: (string | null)[] = [];
  for (const e of scene.edges) {
    if (e.hub) continue;
    const [a, b] = [up(e.from), up(e.to)];
    if (a === null || b === null || a === b) continue;
    const key = `${a}>${b}`;
    const direct = a === e.from && b === e.to ? e.id : null;
    const at = seen.get(key);
    if (at !== undefined) {
      own[at] ??= direct;
      continue;
    }
    seen.set(key, edges.length);
    edges.push([index.get(a)!, index.get(b)!]);
    own.push(direct);
  }
  const sizes = ids.map((id): [number, number] => {
    const sub = inner.get(id);
    if (sub) return [sub.layout.width + 2 * FRAME.side, sub.layout.height + FRAME.top + FRAME.bottom];
    const s = sizeOf(scene.items.get(id)!);
    return [s.w, s.h];
  });
  return { layout: await layoutLevel({ sizes, edges }), ids, inner, own };
}

function flatten(
  placed: Placed,
  origin: Point,
  sizes: (id: string) => { w: number; h: number },
  rects: Map<string, Rect>,
  bends: Map<string, readonly Point[]>,
): void {
  for (const [i, id] of placed.ids.entries()) {
    const p = placed.layout.at[i]!;
    const x = origin.x + p.x;
    const y = origin.y + p.y;
    const sub = placed.inner.get(id);
    if (sub) {
      rects.set(id, { x, y, w: sub.layout.width + 2 * FRAME.side, h: sub.layout.height + FRAME.top + FRAME.bottom });
      flatten(sub, { x: x + FRAME.side, y: y + FRAME.top }, sizes, rects, bends);
    } else rects.set(id, { x, y, ...sizes(id) });
  }
  for (const [i, edge] of placed.own.entries()) {
    const corners = placed.layout.bends[i]!;
    if (edge !== null && corners.length > 0)
      bends.set(
        edge,
        corners.map((c) => ({ x: c.x + origin.x, y: c.y + origin.y })),
      );
  }
}

/** Positions of a whole scene: each open group is laid out by itself and then is one box of its parent. */
export async function layoutScene(scene: Scene): Promise<SceneLayout> {
  const placed = await placeLevel(scene, '');
  const rects = new Map<string, Rect>();
  const bends = new Map<string, readonly Point[]>();
  flatten(placed, { x: 0, y: 0 }, (id) => sizeOf(scene.items.get(id)!), rects, bends);
  return { rects, bends, width: placed.layout.width, height: placed.layout.height };
}
