/** Counts in equal bins over the lower 92 % of the values: stray slow runs do not flatten the rest. */
export function histogram(values: Float64Array, bins: number): { x: Float64Array; y: Float64Array } {
  const sorted = Float64Array.from(values).sort();
  const low = sorted[0] ?? 0;
  const high = sorted[Math.floor((sorted.length - 1) * 0.92)] ?? low;
  const width = (high - low) / bins || 1;
  const y = new Float64Array(bins);
  for (const v of values) {
    const i = Math.floor((v - low) / width);
    if (i >= 0 && i <= bins) y[Math.min(bins - 1, i)]! += 1;
  }
  return { x: Float64Array.from({ length: bins }, (_, i) => low + (i + 0.5) * width), y };
}
