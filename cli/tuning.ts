import { join } from 'node:path';
import { DEFAULT_LEVEL, parseLevel } from '../optimizer/builder/tuning/levels.ts';
import { TimingCache } from '../optimizer/builder/tuning/timingCache.ts';
import type { Tuning } from '../optimizer/builder/tuning/tuner.ts';
import { userCacheDir } from '../optimizer/userCache.ts';
import { UsageError } from './exit.ts';

/** Options declared by tuningFlags.ts. */
export interface TuningFlags {
  level: string;
  timingCache?: string | false;
  deterministic?: boolean;
}

/** What the options ask of auto-tuning; null for level 0. */
export function parseTuning(flags: TuningFlags): Tuning | null {
  const level = parseLevel(flags.level);
  if (level === undefined) throw new UsageError(`--level ${flags.level}: give 0 to 5 (${DEFAULT_LEVEL} by default)`);
  if (level === 0) return null;
  const cache =
    flags.timingCache === false
      ? TimingCache.inMemory()
      : TimingCache.open(flags.timingCache ?? join(userCacheDir(), 'timing-cache.json'));
  return { level, cache, deterministic: flags.deterministic === true };
}
