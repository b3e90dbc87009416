import { useMemo } from 'react';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import type { AlignedRow } from '../../../optimizer/engine/profile/compare/align.ts';
import {
  CAUSE_TITLE,
  lostBy,
  type SlowerGroup,
  slowerGroups,
} from '../../../optimizer/engine/profile/compare/slower.ts';
import { plural, timeText } from '../../ui/format.ts';

interface Props {
  readonly profiles: readonly ProfileResult[];
  readonly rows: readonly AlignedRow[];
  readonly isLit: (row: AlignedRow) => boolean;
  readonly onPick: (row: AlignedRow) => void;
}

/** One group in full: every cause with the time that it accounts for. */
function Group({ group, profile }: { group: SlowerGroup; profile: ProfileResult }) {
  const { row, before, after, causes } = group;
  return (
    <>
      <h4>
        Why {row.name} takes {timeText(after - before)} longer in {profile.title}
      </h4>
      <ul>
        {causes.map((c) => (
          <li key={c.kind}>
            <b>{c.time > 0 ? `+${timeText(c.time)}` : ''}</b>
            <span>{c.text}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** All groups of one engine by what costs them most; a word of it leads to the worst of its groups. */
function Summary({
  groups,
  profile,
  onPick,
}: { groups: SlowerGroup[]; profile: ProfileResult } & Pick<Props, 'onPick'>) {
  const lost = groups.reduce((n, g) => n + g.after - g.before, 0);
  return (
    <>
      <h4>
        {profile.title} is slower in {plural(groups.length, 'group')}, by {timeText(lost)} together
      </h4>
      <p className="lost">
        {lostBy(groups).map(({ kind, groups: mine, time }) => (
          <button
            key={kind}
            type="button"
            className="link"
            title={`The slowest of them: ${mine[0]!.row.name}`}
            onClick={() => onPick(mine[0]!.row)}
          >
            {timeText(time)} {CAUSE_TITLE[kind]} ({mine.length})
          </button>
        ))}
      </p>
    </>
  );
}

/** Why engines are slower than the first one in places: of the group that is looked at, else of all. */
export function Slower({ profiles, rows, isLit, onPick }: Props) {
  const found = useMemo(() => profiles.map((_, at) => slowerGroups(profiles, rows, at)), [profiles, rows]);
  const parts = profiles.flatMap((profile, at) => {
    const groups = found[at]!;
    if (groups.length === 0) return [];
    const lit = groups.find((g) => isLit(g.row));
    if (lit) return [<Group key={profile.id} group={lit} profile={profile} />];
    return [<Summary key={profile.id} groups={groups} profile={profile} onPick={onPick} />];
  });
  if (parts.length === 0) return null;
  return (
    <aside className="beside-why" aria-label="Why slower">
      {parts}
    </aside>
  );
}
