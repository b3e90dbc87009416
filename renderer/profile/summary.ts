import type { LayerTime, ProfileResult } from '../../electron/ipc/schemas/profile.ts';
import { plural } from '../ui/format.ts';

const NAMES: Readonly<Record<string, string>> = {
  float32: 'FP32',
  float16: 'FP16',
  bfloat16: 'BF16',
  float64: 'FP64',
  int8: 'INT8',
  uint8: 'UINT8',
};
export const dtypeName = (dtype: string): string => NAMES[dtype] ?? dtype;

/** A type that less than this share of the arithmetic uses is not worth naming. */
const WORTH_NAMING = 0.02;

/** Element types from the fewest bits on. */
export const DTYPES_BY_BITS: readonly string[] = ['int8', 'uint8', 'float16', 'bfloat16', 'float32', 'float64'];

/** The element type of the fewest bits that arithmetic is done in; '' where there is none. */
export function narrowestDtype(p: Pick<ProfileResult, 'layers'>): string {
  const flops = flopsByDtype(p);
  return DTYPES_BY_BITS.find((dtype) => (flops.get(dtype) ?? 0) > 0) ?? '';
}

function flopsByDtype(p: Pick<ProfileResult, 'layers'>): Map<string, number> {
  const flops = new Map<string, number>();
  for (const l of p.layers) if (l.dtype !== '') flops.set(l.dtype, (flops.get(l.dtype) ?? 0) + l.flops);
  return flops;
}

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
