import type { BuildKind, PrecisionChoice, RangesChoice, Storage } from '../../../ipc/schemas/precision.ts';

/** A plan that is worth measuring. */
export interface Candidate {
  readonly id: string;
  readonly title: string;
  readonly choice: PrecisionChoice;
}

const idOf = (choice: PrecisionChoice): string => [choice.kind, ...Object.entries(choice.pins).flat()].join(' ');

/** Operators and what they are pinned to. */
export type Pinned = Readonly<Record<string, Storage>>;
export const pinned = (sources: readonly string[], to: Storage): Pinned =>
  Object.fromEntries(sources.map((s) => [s, to]));

/** Plans without repetition: the first title of a choice stays. */
export class Candidates {
  readonly list: Candidate[] = [];
  private readonly ranges: RangesChoice;

  constructor(ranges: RangesChoice) {
    this.ranges = ranges;
  }
  add(title: string, kind: BuildKind, pins: Pinned = {}): Candidate {
    const needs = kind.startsWith('int8') || Object.values(pins).includes('int8');
    const choice: PrecisionChoice = { kind, ranges: needs ? this.ranges : null, pins: { ...pins } };
    const id = idOf(choice);
    const known = this.list.find((c) => c.id === id);
    if (known) return known;
    const candidate = { id, title, choice };
    this.list.push(candidate);
    return candidate;
  }
}
