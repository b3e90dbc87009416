import { LAYER_GAP, type Level, type LevelLayout, NODE_GAP, type Point } from './level.ts';

const SWEEPS = 6;
const MAX_DUMMIES = 30_000;
const DUMMY_WIDTH = 12;

interface Cell {
  /** Position in the level's sizes; −1 for a bend of a long edge. */
  readonly node: number;
  readonly w: number;
  readonly h: number;
  readonly up: Cell[];
  readonly down: Cell[];
  layer: number;
  order: number;
  x: number;
}

/** Longest path from the sources; edges that close a cycle are ignored (graphs here have none). */
function rank(level: Level): number[] {
  const n = level.sizes.length;
  const incoming = new Array<number>(n).fill(0);
  const out: number[][] = Array.from({ length: n }, () => []);
  for (const [a, b] of level.edges) {
    out[a]!.push(b);
    incoming[b]!++;
  }
  const layer = new Array<number>(n).fill(0);
  const queue = incoming.flatMap((c, i) => (c === 0 ? [i] : []));
  for (let at = 0; at < queue.length; at++) {
    const a = queue[at]!;
    for (const b of out[a]!) {
      layer[b] = Math.max(layer[b]!, layer[a]! + 1);
      if (--incoming[b]! === 0) queue.push(b);
    }
  }
  return layer;
}

function makeCells(level: Level, ranks: number[]): { layers: Cell[][]; cells: Cell[]; chains: Cell[][] } {
  const layers: Cell[][] = Array.from({ length: Math.max(0, ...ranks) + 1 }, () => []);
  const add = (node: number, w: number, h: number, layer: number): Cell => {
    const c: Cell = { node, w, h, up: [], down: [], layer, order: layers[layer]!.length, x: 0 };
    layers[layer]!.push(c);
    return c;
  };
  const cells = level.sizes.map(([w, h], i) => add(i, w, h, ranks[i]!));
  let dummies = 0;
  const chains = level.edges.map(([a, b]) => {
    const chain: Cell[] = [];
    let from = cells[a]!;
    const to = cells[b]!;
    if (to.layer <= from.layer) return chain;
    if (dummies + to.layer - from.layer < MAX_DUMMIES) {
      for (let l = from.layer + 1; l < to.layer; l++) {
        const d = add(-1, DUMMY_WIDTH, 0, l);
        dummies++;
        from.down.push(d);
        d.up.push(from);
        chain.push(d);
        from = d;
      }
    }
    from.down.push(to);
    to.up.push(from);
    return chain;
  });
  return { layers, cells, chains };
}

const mean = (cells: readonly Cell[], of: (c: Cell) => number): number =>
  cells.reduce((s, c) => s + of(c), 0) / cells.length;

/** Barycentre sweeps, down and up in turn: Sugiyama, Tagawa, Toda 1981. */
function reorder(layers: Cell[][]): void {
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed()) {
      const key = new Map(
        layer.map((c) => {
          const near = down ? c.up : c.down;
          return [c, near.length > 0 ? mean(near, (x) => x.order) : c.order] as const;
        }),
      );
      layer.sort((a, b) => key.get(a)! - key.get(b)! || a.order - b.order);
      for (const [i, c] of layer.entries()) c.order = i;
    }
  }
}

/** Pulls every cell towards its neighbours' middle, keeping order and gaps. */
function place(layers: Cell[][]): void {
  for (const layer of layers) {
    let x = 0;
    for (const c of layer) {
      c.x = x + c.w / 2;
      x += c.w + NODE_GAP;
    }
    const middle = (x - NODE_GAP) / 2;
    for (const c of layer) c.x -= middle;
  }
  const settle = (layer: Cell[], near: (c: Cell) => Cell[]): void => {
    const wish = layer.map((c) => (near(c).length > 0 ? mean(near(c), (n) => n.x) : c.x));
    const room = (a: Cell, b: Cell): number => (a.w + b.w) / 2 + NODE_GAP;
    const fromLeft = [...wish];
    for (let i = 1; i < layer.length; i++)
      fromLeft[i] = Math.max(wish[i]!, fromLeft[i - 1]! + room(layer[i - 1]!, layer[i]!));
    const fromRight = [...wish];
    for (let i = layer.length - 2; i >= 0; i--)
      fromRight[i] = Math.min(wish[i]!, fromRight[i + 1]! - room(layer[i]!, layer[i + 1]!));
    // The mean of two feasible placements is feasible.
    for (const [i, c] of layer.entries()) c.x = (fromLeft[i]! + fromRight[i]!) / 2;
  };
  for (let round = 0; round < 4; round++) {
    for (const l of layers) settle(l, (c) => c.up);
    for (const l of layers.toReversed()) settle(l, (c) => c.down);
  }
}

/** A layered drawing in near-linear time: ranks by longest path, order by barycentres, long edges through gaps. */
export function layeredLayout(level: Level): LevelLayout {
  if (level.sizes.length === 0) return { at: [], bends: level.edges.map(() => []), width: 0, height: 0 };
  const { layers, cells, chains } = makeCells(level, rank(level));
  reorder(layers);
  place(layers);
  const left = Math.min(...layers.flat().map((c) => c.x - c.w / 2));
  const tops: number[] = [];
  const heights = layers.map((l) => l.reduce((h, c) => Math.max(h, c.h), 0));
  let y = 0;
  for (const h of heights) {
    tops.push(y);
    y += h + LAYER_GAP;
  }
  const middle = (c: Cell): number => tops[c.layer]! + heights[c.layer]! / 2;
  const at: Point[] = cells.map((c) => ({ x: c.x - c.w / 2 - left, y: middle(c) - c.h / 2 }));
  const bends = chains.map((chain) =>
    chain.flatMap((c) => {
      const x = c.x - left;
      return [
        { x, y: tops[c.layer]! },
        { x, y: tops[c.layer]! + heights[c.layer]! },
      ];
    }),
  );
  const width = layers.flat().reduce((m, c) => Math.max(m, c.x + c.w / 2 - left), 0);
  return { at, bends, width, height: y - LAYER_GAP };
}
