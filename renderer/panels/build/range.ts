import type { DimensionRanges } from '../../../electron/ipc/schemas/build.ts';

/** The ends of a range, as the Build step calls them. */
export const ENDS = [
  ['min', 'Least'],
  ['opt', 'Best'],
  ['max', 'Most'],
] as const;
export type End = (typeof ENDS)[number][0];

/** A range with one end moved; the others follow, so that it stays one. */
export function movedEnd(range: DimensionRanges[string], end: End, size: number): DimensionRanges[string] {
  const moved: DimensionRanges[string] = { ...range, [end]: size };
  const { min, opt, max } = moved;
  if (end === 'min') return { min, opt: Math.max(opt, min), max: Math.max(max, opt, min) };
  if (end === 'max') return { min: Math.min(min, max), opt: Math.min(opt, max), max };
  return { min: Math.min(min, opt), opt, max: Math.max(max, opt) };
}

