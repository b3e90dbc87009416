import type { AlignedRow } from './align.ts';
import { narrowestDtype } from './dtypes.ts';
import { kernelCauses, onCpu } from './kernels.ts';
import type { ComparedLayer, ComparedProfile } from './profile.ts';
import { conversionsText, reformatsAround } from './reformats.ts';
import { plural, timeText } from './text.ts';

export type CauseKind =
  | 'fallback'
  | 'reformats'
  | 'fusion'
  | 'precision'
  | 'winograd'
  | 'instructions'
  | 'arithmetic'
  | 'memory'
  | 'small'
  | 'kernel'
  | 'device';

/** What each kind of cause is called where groups are counted by it. */
export const CAUSE_TITLE: Readonly<Record<CauseKind, string>> = {
  fallback: 'run on the CPU',
  reformats: 'reformats',
  fusion: 'lost fusion',
  precision: 'no kernel in this precision',
  winograd: 'no Winograd',
  instructions: 'lesser instructions',
  arithmetic: 'arithmetic no faster',
  memory: 'memory-bound',
  small: 'too little work',
  kernel: 'weaker kernel',
  device: 'another device',
};

export interface Cause {
  readonly kind: CauseKind;
  /** One sentence. */
  readonly text: string;
  /** Nanoseconds that it accounts for; 0 for what adds to the one before it. */
  readonly time: number;
}

/** A group of operators that one engine takes longer for than the first. */
export interface SlowerGroup {
  readonly row: AlignedRow;
  /** Nanoseconds, the reformats that the group asks for included. */
  readonly before: number;
  readonly after: number;
  /** The weightiest first. */
  readonly causes: readonly Cause[];
}

/** Less than this share longer, or than this share of the engine, is noise. */
const LONGER = 1.05;
const OF_ENGINE = 0.002;

const sum = (layers: readonly ComparedLayer[]): number => layers.reduce((n, l) => n + l.median, 0);

/** Where engine `at` of aligned profiles is slower than the first, most time lost first, and why. */
export function slowerGroups(
  profiles: readonly ComparedProfile[],
  rows: readonly AlignedRow[],
  at: number,
): SlowerGroup[] {
  const [first, other] = [profiles[0], profiles[at]];
  if (!first || !other || at === 0) return [];
  const around = [reformatsAround(first), reformatsAround(other)] as const;
  const least = OF_ENGINE * sum(other.layers);
  const groups = rows.flatMap((row): SlowerGroup[] => {
    const [a, b] = [row.cells[0]?.layers ?? [], row.cells[at]?.layers ?? []];
    if (row.operators === 0 || a.length === 0 || b.length === 0) return [];
    const reformats = [a, b].map((layers, i) => layers.flatMap((l) => around[i]!.get(l.layer) ?? []));
    const [extra, had] = [sum(reformats[1]!), sum(reformats[0]!)];
    const [before, after] = [sum(a) + had, sum(b) + extra];
    if (after < LONGER * before || after - before < least) return [];
    const causes: Cause[] = [];
    if (extra > had) {
      const n = reformats[1]!.length;
      const text = `${plural(n, 'reformat')} for it ${n === 1 ? 'takes' : 'take'} ${timeText(extra)}: ${conversionsText(reformats[1]!)}.`;
      causes.push({ kind: 'reformats', text, time: extra - had });
    }
    if (sum(b) > LONGER * sum(a) || b.some(onCpu)) {
      const side = (p: ComparedProfile, layers: readonly ComparedLayer[]) => ({
        layers,
        profile: p,
        dtype: narrowestDtype(p),
      });
      causes.push(...kernelCauses(side(first, a), side(other, b)));
    }
    return [{ row, before, after, causes: causes.sort((x, y) => y.time - x.time) }];
  });
  return groups.sort((x, y) => y.after - y.before - (x.after - x.before));
}

/** Time lost by the weightiest cause of each group. */
export function lostBy(groups: readonly SlowerGroup[]): { kind: CauseKind; groups: SlowerGroup[]; time: number }[] {
  const kinds = new Map<CauseKind, SlowerGroup[]>();
  for (const g of groups) {
    const kind = g.causes[0]?.kind;
    if (kind !== undefined) kinds.set(kind, [...(kinds.get(kind) ?? []), g]);
  }
  return [...kinds]
    .map(([kind, list]) => ({ kind, groups: list, time: list.reduce((n, g) => n + g.after - g.before, 0) }))
    .sort((a, b) => b.time - a.time);
}
