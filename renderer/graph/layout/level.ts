/** One level to lay out: boxes and the edges among them, as positions in `sizes`. */
export interface Level {
  readonly sizes: readonly (readonly [w: number, h: number])[];
  readonly edges: readonly (readonly [from: number, to: number])[];
}
export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface LevelLayout {
  readonly at: readonly Point[];
  /** Corners of each edge between its ends, in order; empty = a direct line. */
  readonly bends: readonly (readonly Point[])[];
  readonly width: number;
  readonly height: number;
}

export const NODE_GAP = 28;
export const LAYER_GAP = 44;

/** Equal for levels of equal structure: identical blocks are laid out once. */
export const levelKey = (l: Level): string =>
  `${l.sizes.map((s) => s.join('x')).join(' ')}|${l.edges.map((e) => e.join('>')).join(' ')}`;
