import { byteLength } from '../ir/dtype.ts';
import { dimsOf } from './encode.ts';
import { type Binding, isOpen, type Plan, type PlanLayer, rootOf } from './plan.ts';
import type { Schedule } from './streams/schedule.ts';

export interface MemoryPlan {
  /** Byte offset in the arena per root value that lives there. */
  readonly offsets: ReadonlyMap<number, number>;
  /** Workspace offset per layer index. */
  readonly workspaces: ReadonlyMap<number, number>;
  readonly arenaBytes: number;
  /** Largest sum of what is live at one time: no plan can be smaller. */
  readonly lowerBound: number;
  readonly withoutReuse: number;
  /** Memory of the regions of a layer, by layer index; each lies in the layer's workspace. */
  readonly regions: ReadonlyMap<number, readonly MemoryPlan[]>;
}

interface Block {
  readonly id: number;
  readonly workspace: boolean;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
  /** Layers that touch it; `from` and `to` are the first and the last. */
  readonly touched: readonly number[];
}

/** Whether two blocks may be alive at one time. */
type Meet = (a: Block, b: Block) => boolean;

const inOrder: Meet = (a, b) => a.from <= b.to && b.from <= a.to;

/**
 * With several streams one block follows another only where every layer that touches the one has certainly ended before
 * any starts that touches the other.
 */
function meetingOn(blocks: readonly Block[], s: Schedule): Meet {
  const index = new Map(blocks.map((b, i) => [b, i]));
  const streams = Array.from({ length: s.streams }, (_, i) => i);
  const last = blocks.map((b) => streams.map((k) => Math.max(-1, ...b.touched.filter((t) => s.stream[t] === k))));
  const ended = blocks.map((b) => streams.map((k) => Math.min(...b.touched.map((t) => s.ended[t]![k]!))));
  const follows = (b: number, a: number): boolean => streams.every((k) => last[a]![k]! <= ended[b]![k]!);
  const n = blocks.length;
  const meets = new Uint8Array(n * n);
  for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) meets[a * n + b] = follows(a, b) || follows(b, a) ? 0 : 1;
  return (a, b) => meets[index.get(a)! * n + index.get(b)!] === 1;
}

/** A cache line of a GPU: what starts within one is read as two. */
const ALIGN = 128;
const roundUp = (n: number): number => Math.ceil(n / ALIGN) * ALIGN;

/**
 * Offsets for everything that lives in the arena, from first write to last read through any view, at the largest shapes.
 * With a schedule, layers that may run at one time share no memory.
 */
export function planMemory(plan: Plan, max: Binding, inRegion = false, schedule: Schedule | null = null): MemoryPlan {
  const regions = new Map<number, readonly MemoryPlan[]>();
  plan.layers.forEach((l, t) => {
    if (l.regions)
      regions.set(
        t,
        l.regions.map((r) => planMemory(r, max, true)),
      );
  });
  const blocks = collect(plan, max, regions, inRegion);
  const layers = plan.layers.length;
  let lowerBound = 0;
  for (let t = 0; t < layers; t++) {
    let live = 0;
    for (const b of blocks) if (b.from <= t && t <= b.to) live += b.bytes;
    lowerBound = Math.max(lowerBound, live);
  }
  const meet = schedule ? meetingOn(blocks, schedule) : inOrder;
  const orders: ((a: Block, b: Block) => number)[] = [
    (a, b) => b.bytes - a.bytes || a.from - b.from || a.id - b.id,
    (a, b) => b.bytes * (b.to - b.from + 1) - a.bytes * (a.to - a.from + 1) || a.from - b.from || a.id - b.id,
    (a, b) => a.from - b.from || b.bytes - a.bytes || a.id - b.id,
    (a, b) => b.to - b.from - (a.to - a.from) || b.bytes - a.bytes || a.id - b.id,
  ];
  let best: Placement | null = null;
  for (const order of orders) {
    const placed = improve([...blocks].sort(order), lowerBound, meet);
    if (!best || placed.size < best.size) best = placed;
    if (best.size === lowerBound) break;
  }
  const offsets = new Map<number, number>();
  const workspaces = new Map<number, number>();
  for (const [b, at] of best?.at ?? []) (b.workspace ? workspaces : offsets).set(b.id, at);
  const withoutReuse = blocks.reduce((s, b) => s + b.bytes, 0);
  return { offsets, workspaces, arenaBytes: best?.size ?? 0, lowerBound, withoutReuse, regions };
}

/** Bytes of workspace that a layer takes in the arena: its kernel's, or the largest of its regions. */
export const workspaceOf = (l: PlanLayer, regions: readonly MemoryPlan[] = []): number =>
  Math.max(l.tactic?.workspace ?? 0, ...regions.map((r) => r.arenaBytes));

/** Values that the pool provides when they are made: open shapes, and what regions hand over. */
export function isPooled(plan: Plan, value: number, max: Binding, inRegion: boolean): boolean {
  const v = plan.values[value]!;
  if (v.view || v.weight || v.external === 'input') return false;
  if (isOpen(v, max) || (inRegion && v.external === 'output')) return true;
  return plan.layers.some((l) => l.regions && l.outputs.includes(value));
}

function collect(
  plan: Plan,
  max: Binding,
  regions: ReadonlyMap<number, readonly MemoryPlan[]>,
  inRegion: boolean,
): Block[] {
  const life = new Map<number, number[]>();
  plan.layers.forEach((l, t) => {
    for (const v of [...l.inputs, ...l.outputs]) {
      if (v < 0) continue;
      const root = rootOf(plan, v);
      const value = plan.values[root]!;
      if (value.external || value.weight || isPooled(plan, root, max, inRegion)) continue;
      const seen = life.get(root);
      if (!seen) life.set(root, [t]);
      else if (seen.at(-1) !== t) seen.push(t);
    }
  });
  const blocks: Block[] = [...life].map(([id, touched]) => {
    const value = plan.values[id]!;
    const count = dimsOf(value, max).reduce((a, b) => a * b, 1);
    const [from, to] = [touched[0]!, touched.at(-1)!];
    return { id, workspace: false, bytes: roundUp(byteLength(value.dtype, count)), from, to, touched };
  });
  plan.layers.forEach((l, t) => {
    const bytes = roundUp(workspaceOf(l, regions.get(t)));
    if (bytes > 0) blocks.push({ id: t, workspace: true, bytes, from: t, to: t, touched: [t] });
  });
  return blocks.filter((b) => b.bytes > 0);
}

interface Placement {
  readonly at: Map<Block, number>;
  readonly size: number;
}

const ROUNDS = 200;

/**
 * Places in the given order, then again and again with the block that sticks out furthest moved ahead of the others: what
 * is hard to place gets its place first. Keeps the best placement; deterministic.
 */
function improve(order: Block[], lowerBound: number, meet: Meet): Placement {
  let best = place(order, meet);
  for (let round = 0; round < ROUNDS && best.size > lowerBound; round++) {
    const placed = round === 0 ? best : place(order, meet);
    if (placed.size < best.size) best = placed;
    let culprit = 0;
    order.forEach((b, i) => {
      const c = order[culprit]!;
      if (placed.at.get(b)! + b.bytes > placed.at.get(c)! + c.bytes) culprit = i;
    });
    // Half-way to the front: far enough to change the outcome, near enough to keep what was good about the order.
    const [moved] = order.splice(culprit, 1);
    order.splice(culprit >> 1, 0, moved!);
  }
  return best;
}

/** Best fit in the given order: the smallest gap between already placed, overlapping-in-time blocks that is large enough. */
function place(order: readonly Block[], meet: Meet): Placement {
  const at = new Map<Block, number>();
  let size = 0;
  const placed: { b: Block; start: number }[] = [];
  for (const b of order) {
    const near = placed.filter((p) => meet(p.b, b)).sort((x, y) => x.start - y.start);
    let cursor = 0;
    let chosen = -1;
    let gap = Number.POSITIVE_INFINITY;
    for (const p of near) {
      const room = p.start - cursor;
      if (room >= b.bytes && room < gap) {
        chosen = cursor;
        gap = room;
      }
      cursor = Math.max(cursor, p.start + p.b.bytes);
    }
    if (chosen < 0) chosen = cursor;
    at.set(b, chosen);
    placed.push({ b, start: chosen });
    size = Math.max(size, chosen + b.bytes);
  }
  return { at, size };
}
