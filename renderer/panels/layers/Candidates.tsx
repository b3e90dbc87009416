import { ActionIcon, Tooltip } from '@mantine/core';
import { IconBan, IconPin, IconPinFilled } from '@tabler/icons-react';
import type { Candidate, ReportLayer } from '../../../electron/ipc/schemas/build.ts';
import { isForbidden, pinnedTactic, pinTactic, toggleForbidden } from '../../store/actions/tuning.ts';
import { useStudio } from '../../store/store.ts';
import { countText, plural, timeText } from '../../ui/format.ts';

const costOf = (c: Candidate): number => c.time?.median ?? c.estimate;

function timeTitle(c: Candidate): string {
  if (!c.time) return `estimated ${timeText(c.estimate)}, not timed`;
  const { min, median, max } = c.time;
  return `median ${timeText(median)}, fastest ${timeText(min)}, slowest ${timeText(max)}; estimated ${timeText(c.estimate)}`;
}

interface RowProps {
  readonly layer: ReportLayer;
  readonly candidate: Candidate;
  readonly slowest: number;
}

function Row({ layer, candidate: c, slowest }: RowProps) {
  const tuning = useStudio((s) => s.choices.tuning);
  const pinned = pinnedTactic(tuning, layer.sources) === c.tactic;
  const forbidden = isForbidden(tuning, layer.sources, c.tactic);
  const name = `${c.tactic} for ${layer.name}`;
  return (
    <li data-chosen={c.status === 'chosen'} data-out={forbidden || c.status === 'failed' || c.status === 'forbidden'}>
      <span className="candidate-name">
        <span className="mono">{c.tactic}</span>
        <small className="muted">{c.formats}</small>
        {c.reason !== '' && <small className="muted">{c.reason}</small>}
      </span>
      <span className="kind-bar" title={timeTitle(c)}>
        <i style={{ width: `${(100 * costOf(c)) / slowest}%` }} data-timed={c.time !== undefined} />
      </span>
      <b title={timeTitle(c)}>
        {c.time ? '' : '≈ '}
        {timeText(costOf(c))}
      </b>
      {layer.sources.length > 0 && (
        <span className="candidate-actions">
          <Tooltip label={pinned ? 'Let the build choose again' : 'Pin: the next build uses this kernel here'}>
            <ActionIcon
              size="sm"
              aria-label={`Pin ${name}`}
              aria-pressed={pinned}
              onClick={() => pinTactic(layer.sources, pinned ? null : c.tactic)}
            >
              {pinned ? <IconPinFilled size={13} /> : <IconPin size={13} />}
            </ActionIcon>
          </Tooltip>
          <Tooltip label={forbidden ? 'Allow it again' : 'Forbid: the next build does not use this kernel here'}>
            <ActionIcon
              size="sm"
              aria-label={`Forbid ${name}`}
              aria-pressed={forbidden}
              onClick={() => toggleForbidden(layer.sources, c.tactic)}
            >
              <IconBan size={13} />
            </ActionIcon>
          </Tooltip>
        </span>
      )}
    </li>
  );
}

/** Every way in which a layer could have been executed: its times, what became of it, and what a person says of it. */
export function Candidates({ layer }: { readonly layer: ReportLayer }) {
  const timed = layer.candidates.filter((c) => c.time).length;
  const slowest = Math.max(1, ...layer.candidates.map(costOf));
  return (
    <aside className="candidates" aria-label={`Candidates of ${layer.name}`}>
      <h3>{plural(layer.candidates.length, 'candidate')}</h3>
      <p className="muted">
        {timed > 0
          ? `${countText(timed)} timed on this device; the others were estimated too slow to be worth it.`
          : 'Estimated, not timed: raise the level of auto-tuning to time them.'}
      </p>
      <ul>
        {layer.candidates.map((c) => (
          <Row key={`${c.tactic} ${c.formats}`} layer={layer} candidate={c} slowest={slowest} />
        ))}
      </ul>
    </aside>
  );
}
