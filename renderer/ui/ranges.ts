import type { DimensionRanges } from '../../electron/ipc/schemas/build.ts';

/** "batch 1…4…8, sequence 128": least, best and most of what is open. */
export const rangesText = (ranges: DimensionRanges): string =>
  Object.entries(ranges)
    .map(([s, r]) => `${s} ${r.min === r.max ? r.min : `${r.min}…${r.opt}…${r.max}`}`)
    .join(', ');
