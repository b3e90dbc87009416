import type { PrecisionChoices, PrecisionState } from '../../precision.ts';
import { get, set } from '../../store.ts';
import { choose } from '../choices.ts';

/** Changes what is known about precision. */
export const setResults = (change: Partial<PrecisionState>): void =>
  set({ precision: { ...get().precision, ...change } });

/** Changes what is decided about precision; undoable. Changes of the same `merge` close together are one. */
export const choosePrecision = (change: Partial<PrecisionChoices>, merge?: string): void =>
  choose({ precision: { ...get().choices.precision, ...change } }, merge);
