import { DEFAULT_LEVEL, parseLevel } from '../../optimizer/builder/tuning/levels.ts';
import { TimingCache } from '../../optimizer/builder/tuning/timingCache.ts';
import type { Tuning } from '../../optimizer/builder/tuning/tuner.ts';

/** Auto-tuning as users get it, timed anew; `--level 0` leaves the choice to the kernels' estimates. */
export function benchTuning(): { tuning?: Tuning } {
  const at = process.argv.indexOf('--level');
  const level = at < 0 ? DEFAULT_LEVEL : parseLevel(process.argv[at + 1] ?? '');
  return level ? { tuning: { level, cache: TimingCache.inMemory() } } : {};
}
