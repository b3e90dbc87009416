import type { TuningChoice } from '../../../electron/ipc/schemas/build.ts';
import { shell } from '../../host/shell.ts';
import { get } from '../store.ts';
import { choose } from './choices.ts';

/** Changes how kernels are chosen; undoable, and the build becomes stale. */
export const chooseTuning = (change: Partial<TuningChoice>): void =>
  choose({ tuning: { ...get().choices.tuning, ...change } });

/** How kernels are chosen, as the host wants it. */
export function tuningNow(): TuningChoice {
  const { pin, forbid, libraries, ...others } = get().choices.tuning;
  return { ...others, pin: { ...pin }, forbid: [...forbid], libraries: [...libraries] };
}

/** Another timing cache, chosen in a dialog: one that exists, or a new file that timings will be kept in. */
export async function chooseTimings(which: 'existing' | 'new'): Promise<void> {
  const file =
    which === 'existing'
      ? await shell().pickInput('timings')
      : await shell().pickSave({
          title: 'New timing cache',
          name: 'timings.json',
          extension: 'json',
          kind: 'Timing cache',
        });
  if (file !== null) chooseTuning({ timings: { file } });
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
