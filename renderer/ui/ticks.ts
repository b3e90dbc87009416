/** Round numbers between two ends, at most `most` of them; whole ones when `whole`. */
export function ticks(from: number, to: number, most: number, whole = false): number[] {
  const span = to - from;
  if (!(span > 0) || most < 1) return [from];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const by = whole ? Math.max(1, Math.round(step)) : step;
  const out: number[] = [];
  // Counted: a step may be too small to change a large number.
  for (let v = Math.ceil(from / by) * by; v <= to + by * 1e-9 && out.length <= most; v += by) out.push(v);
  return out;
}

/** Powers of ten between two positive ends, ends included. */
export function decades(from: number, to: number): number[] {
  if (!(from > 0 && Number.isFinite(to))) return [];
  const out: number[] = [];
  for (let e = Math.floor(Math.log10(from)); e <= Math.ceil(Math.log10(to)); e++) out.push(10 ** e);
  return out;
}
