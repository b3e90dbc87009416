import { LIBRARIES, type LibrarySource } from '../optimizer/builder/libraries.ts';
import type { NormalizationPolicy } from '../optimizer/builder/normalization/fold.ts';
import { DEFAULT_LEVEL, parseLevel } from '../optimizer/builder/tuning/levels.ts';
import { TimingCache } from '../optimizer/builder/tuning/timingCache.ts';
import type { Tuning } from '../optimizer/builder/tuning/tuner.ts';
import { openUserTimings } from '../optimizer/builder/tuning/userTimings.ts';
import { UsageError } from './exit.ts';
import { parseCount } from './options.ts';

/** Options declared by tuningFlags.ts. */
export interface TuningFlags {
  level: string;
  timingCache?: string | false;
  deterministic?: boolean;
  maxAuxStreams?: string;
  normalizations?: string;
  tacticSources?: string;
}

/** How a model is built where nobody says otherwise: as `sinter build` does, with the user's timing cache. */
export const defaultTuning = (): Tuning => ({ level: DEFAULT_LEVEL, cache: openUserTimings() });

/** What the options ask of auto-tuning; null for level 0. */
export function parseTuning(flags: TuningFlags): Tuning | null {
  const level = parseLevel(flags.level);
  if (level === undefined) throw new UsageError(`--level ${flags.level}: give 0 to 5 (${DEFAULT_LEVEL} by default)`);
  if (level === 0) return null;
  const cache = cacheOf(flags.timingCache);
  return { level, cache, deterministic: flags.deterministic === true };
}

function cacheOf(file: string | false | undefined): TimingCache {
  if (file === false) return TimingCache.inMemory();
  return file === undefined ? openUserTimings() : TimingCache.open(file);
}

const NORMALIZATIONS = ['layers', 'products', 'measured'] as const;

/** Who computes normalizations between products. */
export function parseNormalizations(flags: TuningFlags): NormalizationPolicy | undefined {
  const policy = NORMALIZATIONS.find((n) => n === flags.normalizations);
  if (policy === undefined && flags.normalizations !== undefined)
    throw new UsageError(`--normalizations ${flags.normalizations}: give one of ${NORMALIZATIONS.join(', ')}`);
  return policy;
}

/** Auxiliary streams that a build may use. */
export const parseStreams = (flags: TuningFlags): number | 'measured' =>
  flags.maxAuxStreams === undefined ? 'measured' : parseCount('--max-aux-streams', flags.maxAuxStreams, 0);

/** "+CUBLAS_LT,-CUDNN": the libraries that a build may use, nothing allowed to begin with. */
export function parseSources(flags: TuningFlags): Set<LibrarySource> {
  const allowed = new Set<LibrarySource>();
  for (const item of (flags.tacticSources ?? '').split(',')) {
    if (item === '') continue;
    const library = LIBRARIES.find((l) => l.option === item.slice(1));
    const known = LIBRARIES.map((l) => l.option).join(', ');
    if (!library || !/^[+-]/.test(item))
      throw new UsageError(`--tactic-sources ${item}: give + or - and one of ${known}, several separated by commas`);
    if (item.startsWith('+')) allowed.add(library.source);
    else allowed.delete(library.source);
  }
  return allowed;
}
