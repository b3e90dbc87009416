import { alignProfiles } from '../optimizer/engine/profile/compare/align.ts';
import type { ComparedProfile } from '../optimizer/engine/profile/compare/profile.ts';
import { CAUSE_TITLE, lostBy, type SlowerGroup, slowerGroups } from '../optimizer/engine/profile/compare/slower.ts';
import { plural, timeText } from '../optimizer/engine/profile/compare/text.ts';
import type { ProfileDocument } from '../optimizer/engine/profile/document.ts';
import { microseconds, table } from './table.ts';

/** A profile and what it is called on the command line. */
export interface NamedProfile {
  readonly name: string;
  readonly document: ProfileDocument;
}

/** Profiles side by side by original operator, and why the later ones are slower than the first where they are. */
export interface ProfileComparison {
  /** Operators are matched by name: the engines come from different model files. */
  readonly byName: boolean;
  /** Nanoseconds per profile; null where its engine runs nothing for the group. */
  readonly groups: readonly { readonly name: string; readonly times: readonly (number | null)[] }[];
  /** Of each profile after the first. */
  readonly slower: readonly { readonly name: string; readonly groups: readonly SlowerGroup[] }[];
}

export function compareProfiles(profiles: readonly NamedProfile[]): ProfileComparison {
  const compared = profiles.map(
    ({ name, document }, i): ComparedProfile => ({ ...document, id: String(i), title: name }),
  );
  const { rows, byName } = alignProfiles(compared);
  const most = (times: readonly (number | null)[]): number => Math.max(...times.map((t) => t ?? 0));
  return {
    byName,
    groups: rows
      .map((r) => ({ name: r.name, times: r.cells.map((c) => c?.median ?? null) }))
      .sort((a, b) => most(b.times) - most(a.times)),
    slower: profiles.slice(1).map(({ name }, i) => ({ name, groups: slowerGroups(compared, rows, i + 1) })),
  };
}

const cell = (ns: number | null): string => (ns === null ? '–' : microseconds(ns));

/** The same for people; `top` groups, 0 = all. */
export function comparisonText(profiles: readonly NamedProfile[], top: number): string {
  const { groups, slower, byName } = compareProfiles(profiles);
  const shown = top === 0 ? groups : groups.slice(0, top);
  const [first] = profiles;
  const lines = [
    `median of whole runs: ${profiles.map((p) => `${p.name} ${timeText(p.document.latency.median)}`).join(', ')}`,
    ...(byName ? ['operators are matched by name: the engines come from different model files'] : []),
    '',
    table(
      ['operators', ...profiles.map((p) => `${p.name} µs`), ...profiles.slice(1).map((p) => `× ${p.name}`)],
      shown.map(({ name, times }) => {
        const before = times[0];
        const factors = times.slice(1).map((t) => (t && before ? (before / t).toFixed(2) : '–'));
        return [name, ...times.map(cell), ...factors];
      }),
    ),
    ...(shown.length < groups.length ? [`… and ${groups.length - shown.length} more (--top 0 prints all)`] : []),
  ];
  for (const { name, groups: lost } of slower) {
    if (lost.length === 0) continue;
    const together = timeText(lost.reduce((n, g) => n + g.after - g.before, 0));
    lines.push('', `${name} is slower than ${first?.name} in ${plural(lost.length, 'group')}, by ${together} together`);
    for (const c of lostBy(lost)) lines.push(`  ${timeText(c.time)} ${CAUSE_TITLE[c.kind]} (${c.groups.length})`);
    for (const g of top === 0 ? lost : lost.slice(0, top)) {
      lines.push(`Why ${g.row.name} takes ${timeText(g.after - g.before)} longer:`);
      for (const c of g.causes) lines.push(`  ${c.time > 0 ? `+${timeText(c.time)} ` : ''}${c.text}`);
    }
  }
  return lines.join('\n');
}
