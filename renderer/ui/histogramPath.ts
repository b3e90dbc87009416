/** The outline of a histogram as an SVG path in a box of w × h, heights by the logarithm of the counts. */
export function histogramPath(bins: ArrayLike<number>, w: number, h: number): string {
  let most = 0;
  for (let i = 0; i < bins.length; i++) most = Math.max(most, bins[i]!);
  if (most === 0) return '';
  const scale = h / Math.log1p(most);
  const step = w / bins.length;
  const round = (x: number): number => Math.round(x * 100) / 100;
  let d = `M0 ${h}`;
  for (let i = 0; i < bins.length; i++) {
    const y = round(h - Math.log1p(bins[i]!) * scale);
    d += `V${y}H${round((i + 1) * step)}`;
  }
  return `${d}V${h}Z`;
}
