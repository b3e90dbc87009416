import type { Choices } from '../state.ts';
import { get, set } from '../store.ts';
import { optimize } from './model.ts';

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

function apply(next: Choices): void {
  const before = get().choices;
  set({ choices: next, project: { ...get().project, dirty: true } });
  if (!same(before.passes, next.passes) || !same(before.applications, next.applications)) void optimize();
}

/** Changes of one thing that follow each other faster than this are one step of undo. */
const MERGE_MS = 1000;
let last = { merge: '', at: 0 };

/**
 * Changes the user's decisions; undoable. Changed switches run the pipeline again. Quick changes with the same `merge` (a
 * handle moved by keys) are undone together.
 */
export function choose(change: Partial<Choices>, merge = ''): void {
  const { choices, past } = get();
  const now = Date.now();
  const together = merge !== '' && merge === last.merge && now - last.at < MERGE_MS && past.length > 0;
  last = { merge, at: now };
  if (!together) set({ past: [...past, choices].slice(-100), future: [] });
  apply({ ...choices, ...change });
}
const toggled = (list: readonly string[], key: string): string[] =>
  list.includes(key) ? list.filter((k) => k !== key) : [...list, key].sort();

export const togglePass = (pass: string): void => choose({ passes: toggled(get().choices.passes, pass) });
export const toggleApplication = (key: string): void =>
  choose({ applications: toggled(get().choices.applications, key) });

export function undo(): void {
  const { past, future, choices } = get();
  const before = past.at(-1);
  if (!before) return;
  last = { merge: '', at: 0 };
  set({ past: past.slice(0, -1), future: [choices, ...future] });
  apply(before);
}
export function redo(): void {
  const { past, future, choices } = get();
  const [next, ...rest] = future;
  if (!next) return;
  set({ past: [...past, choices], future: rest });
  apply(next);
}
