import type { ReportLayer } from '../../../electron/ipc/schemas/build.ts';

/** The layers of a GPU's engine that run on the CPU, and what moves there and back in a run; null when none does. */
export function fallbacks(
  layers: readonly ReportLayer[],
): { layers: readonly ReportLayer[]; copies: number; bytes: number } | null {
  const there = layers.filter((l) => l.fallback);
  if (there.length === 0) return null;
  const sum = (of: 'copies' | 'bytes'): number => there.reduce((n, l) => n + (l.fallback?.[of] ?? 0), 0);
  return { layers: there, copies: sum('copies'), bytes: sum('bytes') };
}
