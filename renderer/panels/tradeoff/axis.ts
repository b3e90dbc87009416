import type { PlanPoint } from '../../../electron/ipc/schemas/precision.ts';

export type Measure = 'top1' | 'cosine';

/** What a plan keeps of the accuracy: percent of right answers, or the cosine to FP32. */
export const keptBy = (p: PlanPoint, measure: Measure): number => (measure === 'top1' ? 100 * (p.top1 ?? 0) : p.cosine);

/** A range around values with room on both sides, never of no size. */
export function around(values: readonly number[], room: number, least: number): [low: number, high: number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = Math.max((high - low) * room, least);
  return [low - pad, high + pad];
}

/** Enough digits that neighbouring grid lines read differently. */
export function tickText(values: readonly number[]): (v: number) => string {
  const step = values.length > 1 ? Math.abs(values[1]! - values[0]!) : 1;
  const digits = Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  return (v) => v.toFixed(digits);
}
