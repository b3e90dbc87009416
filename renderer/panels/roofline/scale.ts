import type { LayerTime, ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { dtypeName } from '../../profile/summary.ts';
import { rateText } from '../../ui/format.ts';

/** A layer on the plane: operations per byte, and operations per second. */
export interface Point {
  readonly layer: LayerTime;
  readonly intensity: number;
  readonly rate: number;
}
export interface Roof {
  readonly text: string;
  /** Operations a second. */
  readonly rate: number;
}
export interface Roofline {
  readonly points: readonly Point[];
  readonly roofs: readonly Roof[];
  /** Bytes a second; 0 where it was not measured. */
  readonly bandwidth: number;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** Layers that compute, under the ceilings of the element types that they use (Williams, Waterman, Patterson 2009). */
export function roofline(p: Pick<ProfileResult, 'layers' | 'ceilings'>): Roofline {
  const points = p.layers.flatMap((layer): Point[] =>
    layer.flops > 0 && layer.bytes > 0 && layer.median > 0
      ? [{ layer, intensity: layer.flops / layer.bytes, rate: (layer.flops / layer.median) * 1e9 }]
      : [],
  );
  const used = new Set(points.map((q) => q.layer.dtype));
  const roofs = (p.ceilings?.flops ?? [])
    .filter((f) => used.has(f.dtype) && f.rate > 0)
    .map((f) => ({ text: `${dtypeName(f.dtype)} ${rateText(f.rate, 1e9, 'FLOP/s')}`, rate: f.rate }))
    .sort((a, b) => b.rate - a.rate);
  const bandwidth = p.ceilings?.bandwidth ?? 0;
  const ridges = bandwidth > 0 ? roofs.map((r) => r.rate / bandwidth) : [];
  const range = (values: readonly number[], below: number, above: number): [number, number] =>
    values.length === 0 ? [1, 100] : [Math.min(...values) * below, Math.max(...values) * above];
  return {
    points,
    roofs,
    bandwidth,
    x: range([...points.map((q) => q.intensity), ...ridges], 0.6, 2),
    y: range([...points.map((q) => q.rate), ...roofs.map((r) => r.rate)], 0.5, 2.2),
  };
}
