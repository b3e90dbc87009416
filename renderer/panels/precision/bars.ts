const BARS = 256;

/** Bins joined to at most 256 bars from 0 to the end of the last bin. */
export function barsFor(bins: Float64Array, width: number): { counts: Float64Array; top: number } {
  const per = Math.max(1, Math.ceil(bins.length / BARS));
  const counts = new Float64Array(Math.ceil(bins.length / per));
  bins.forEach((n, i) => (counts[Math.floor(i / per)]! += n));
  return { counts, top: counts.length * per * width };
}

/** Steps of the threshold by key, in parts of what there is to choose from; null for other keys. */
export function movedByKey(key: string, at: number, top: number): number | null {
  const step = top / 200;
  const to: Record<string, number> = {
    ArrowLeft: at - step,
    ArrowDown: at - step,
    ArrowRight: at + step,
    ArrowUp: at + step,
    PageDown: at - 10 * step,
    PageUp: at + 10 * step,
    Home: step,
    End: top,
  };
  const next = to[key];
  return next === undefined ? null : Math.min(top, Math.max(step, next));
}
