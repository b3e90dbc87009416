import type { TuningChoice } from '../../../electron/ipc/schemas/build.ts';
import { get } from '../store.ts';
import { choose } from './choices.ts';

/** Changes how kernels are chosen; undoable, and the build becomes stale. */
export const chooseTuning = (change: Partial<TuningChoice>): void =>
  choose({ tuning: { ...get().choices.tuning, ...change } });

/** How kernels are chosen, as the host wants it. */
export function tuningNow(): TuningChoice {
  const { level, pin, forbid, auxStreams, libraries } = get().choices.tuning;
  return { level, pin: { ...pin }, forbid: [...forbid], auxStreams, libraries: [...libraries] };
}

/** Pins the tactic of the layer that these operators are in, or lets it go. */
export function pinTactic(sources: readonly string[], tactic: string | null): void {
  const { pin } = get().choices.tuning;
  const others = Object.entries(pin).filter(([s]) => !sources.includes(s));
  const mine = tactic === null ? [] : sources.slice(0, 1).map((s) => [s, tactic] as const);
  chooseTuning({ pin: Object.fromEntries([...others, ...mine]) });
}

const rule = (sources: readonly string[], tactic: string): string => `${sources[0]}=${tactic}`;

/** Forbids a tactic to one layer, or allows it again. */
export function toggleForbidden(sources: readonly string[], tactic: string): void {
  const { forbid } = get().choices.tuning;
  const mine = sources.map((s) => rule([s], tactic));
  const left = forbid.filter((f) => !mine.includes(f));
  chooseTuning({ forbid: left.length < forbid.length ? left : [...forbid, rule(sources, tactic)].sort() });
}

export const pinnedTactic = (tuning: TuningChoice, sources: readonly string[]): string | undefined =>
  sources.map((s) => tuning.pin[s]).find((t) => t !== undefined);

export const isForbidden = (tuning: TuningChoice, sources: readonly string[], tactic: string): boolean =>
  sources.some((s) => tuning.forbid.includes(rule([s], tactic)));
