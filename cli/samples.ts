import type { Skipped } from '../optimizer/builder/feed.ts';

/** "412/s, 00:31 left", as far as it is known. */
export function rateNote(p: {
  readonly done: number;
  readonly total: number;
  rate: number | null;
  eta: number | null;
}): string {
  if (p.rate === null || p.eta === null) return `${p.done} of ${p.total}`;
  const seconds = Math.round(p.eta);
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `${p.done} of ${p.total}, ${p.rate.toFixed(p.rate < 10 ? 1 : 0)}/s, ${left} left`;
}

/** The first few samples that were left out, and how many more there are. */
export function skippedNote(skipped: readonly Skipped[]): string[] {
  const lines = skipped.slice(0, 5).map((s) => `left out: ${s.message}`);
  if (skipped.length > 5) lines.push(`left out: ${skipped.length - 5} more samples`);
  return lines;
}
