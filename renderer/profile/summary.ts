import type { LayerTime, ProfileResult } from '../../electron/ipc/schemas/profile.ts';
import { dtypeName, flopsByDtype } from '../../optimizer/engine/profile/compare/dtypes.ts';
import { plural } from '../ui/format.ts';

export { dtypeName } from '../../optimizer/engine/profile/compare/dtypes.ts';

/** A type that less than this share of the arithmetic uses is not worth naming. */
const WORTH_NAMING = 0.02;

/** "INT8 + FP32": what the engine computes with, most operations first. */
export function precisionText(p: Pick<ProfileResult, 'layers'>): string {
  const flops = flopsByDtype(p);
  const all = [...flops.values()].reduce((a, b) => a + b, 0) || 1;
  const used = [...flops].filter(([, n]) => n / all >= WORTH_NAMING).sort((a, b) => b[1] - a[1]);
  return used.map(([dtype]) => dtypeName(dtype)).join(' + ') || 'no arithmetic';
}

export const wherePhrase = (p: Pick<ProfileResult, 'device' | 'threads'>): string =>
  p.device.kind === 'cpu' ? `${plural(p.threads, 'thread')} of ${p.device.name}` : p.device.name;

export const layerSum = (p: Pick<ProfileResult, 'layers'>): number => p.layers.reduce((n, l) => n + l.median, 0);

/** What tells a layer from the others: its first operator's name, or what it converts. */
export function layerTitle(
  p: Pick<ProfileResult, 'sources'>,
  l: Pick<LayerTime, 'sources' | 'conversion' | 'name'>,
): string {
  if (l.conversion) return `${l.conversion.from} → ${l.conversion.to}`;
  const first = p.sources.find((s) => s.id === l.sources[0]);
  return first?.name || l.name;
}

/** Share of the ceilings that a layer reaches; above 1 where it works in cache or needs fewer operations than counted. */
export const roofShare = (l: Pick<LayerTime, 'roof' | 'median'>): number | null =>
  l.roof === null || l.median <= 0 ? null : l.roof / l.median;

/** Time beyond what the ceilings allow: what a perfect kernel would win. */
export const aboveRoof = (l: Pick<LayerTime, 'roof' | 'median'>): number =>
  l.roof === null ? 0 : Math.max(0, l.median - l.roof);
