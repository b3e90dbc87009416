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

/** As few digits as write every one of the grid's numbers in full. */
export function tickText(values: readonly number[]): (v: number) => string {
  const whole = (digits: number): boolean => values.every((v) => Math.abs(v - Number(v.toFixed(digits))) < 1e-10);
  const digits = [0, 1, 2, 3, 4, 5, 6, 7].find(whole) ?? 8;
  return (v) => v.toFixed(digits);
}
