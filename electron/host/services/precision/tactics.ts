import type { Storage } from '../../../ipc/schemas/precision.ts';

/** The precision that a kernel computes in, by the first part of its name. */
export function precisionOfTactic(tactic: string): Storage {
  if (/^[su]8_/.test(tactic)) return 'int8';
  if (tactic.startsWith('f16_')) return 'fp16';
  return tactic.startsWith('bf16_') ? 'bf16' : 'fp32';
}

/** Layers by precision. */
export function countPrecisions(tactics: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const t of tactics) {
    const p = precisionOfTactic(t);
    counts[p] = (counts[p] ?? 0) + 1;
  }
  return counts;
}
