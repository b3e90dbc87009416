import { useMemo } from 'react';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { type AlignedRow, alignProfiles, type Cell } from '../../../optimizer/engine/profile/compare/align.ts';
import { precisionText, wherePhrase } from '../../profile/summary.ts';
import { showProfile } from '../../store/actions/profiles.ts';
import { hover, select, selectLayer } from '../../store/actions/select.ts';
import { drawsLayers } from '../../store/state.ts';
import { get, useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { bytesText, countText, plural, timeText } from '../../ui/format.ts';
import { Slower } from './Slower.tsx';

/** "×1.24", "×0.0041", "×13,938": three digits, never more than fit. */
const factor = (before: number, after: number): string => {
  const ratio = before / after;
  if (ratio >= 99.5) return `×${countText(Math.round(ratio))}`;
  return `×${ratio >= 9.95 ? ratio.toFixed(1) : ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(2)}`;
};

/** Faster and slower are told by the arrow and the number, not by a colour alone. */
function Factor({ before, after }: { before: number; after: number }) {
  if (!(before > 0) || !(after > 0)) return null;
  const ratio = before / after;
  const kind = ratio > 1.05 ? 'faster' : ratio < 0.95 ? 'slower' : 'same';
  return (
    <span className="factor" data-kind={kind} title={`${factor(before, after)} the speed of the first`}>
      {kind === 'faster' ? '▲' : kind === 'slower' ? '▼' : ''} {factor(before, after)}
    </span>
  );
}

function CellView({ cell, first, most, lead }: { cell: Cell | null; first: Cell | null; most: number; lead: boolean }) {
  if (!cell) return <span className="muted">nothing to run</span>;
  const words = cell.layers.map((l) => `${l.layer + 1} · ${l.name}  ${timeText(l.median)}\n    ${l.tactic}`).join('\n');
  return (
    <span className="beside-cell" data-lead={lead} title={words}>
      <span className="kind-bar">
        <i style={{ width: `${(100 * cell.median) / most}%` }} />
      </span>
      <b>
        {cell.layers.length > 1 && <i title={`${cell.layers.length} layers`}>{cell.layers.length}×</i>}
        {timeText(cell.median)}
      </b>
      {!lead && <Factor before={first?.median ?? 0} after={cell.median} />}
    </span>
  );
}

function Heads({ profiles }: { profiles: readonly ProfileResult[] }) {
  const shown = useStudio((s) => s.profile?.id ?? null);
  const [first] = profiles;
  return (
    <div className="beside-heads">
      {profiles.map((p, i) => (
        <button
          key={p.id}
          type="button"
          className="beside-head"
          aria-pressed={p.id === shown}
          title="Show this one in the other panels"
          onClick={() => showProfile(p.id)}
        >
          <b>{p.title}</b>
          <span className="muted">
            {precisionText(p)} · {wherePhrase(p)}
          </span>
          <span className="beside-figure">
            <strong>{timeText(p.latency.median)}</strong>
            {i > 0 && <Factor before={first!.latency.median} after={p.latency.median} />}
          </span>
          <span className="muted">
            {plural(p.layers.length, 'layer')} · {bytesText(p.memory.arena)} activations
          </span>
        </button>
      ))}
    </div>
  );
}

function columnsFor(profiles: readonly ProfileResult[], rows: readonly AlignedRow[]): Column<AlignedRow>[] {
  const most = Math.max(1, ...rows.flatMap((r) => r.cells.map((c) => c?.median ?? 0)));
  return [
    {
      id: 'name',
      title: 'Operators',
      width: 'minmax(130px, 1.2fr)',
      value: (r) => r.name,
      cell: (r) => <span title={r.name}>{r.name}</span>,
    },
    {
      id: 'operators',
      title: 'Group',
      width: '54px',
      align: 'right',
      value: (r) => r.operators,
      cell: (r) => (r.operators > 0 ? countText(r.operators) : '–'),
    },
    ...profiles.map(
      (p, i): Column<AlignedRow> => ({
        id: p.id,
        title: p.title,
        width: i === 0 ? 'minmax(130px, 1fr)' : 'minmax(192px, 1.4fr)',
        value: (r) => r.cells[i]?.median ?? 0,
        cell: (r) => <CellView cell={r.cells[i] ?? null} first={r.cells[0] ?? null} most={most} lead={i === 0} />,
      }),
    ),
  ];
}

/** Up to four profiles by original operator: what each engine runs for the same group, and how long. */
export default function Beside() {
  const all = useStudio((s) => s.profiles);
  const compared = useStudio((s) => s.compared);
  const selection = useStudio((s) => s.selection);
  const shown = useStudio((s) => s.profile?.id ?? null);
  const profiles = useMemo(() => compared.flatMap((id) => all.find((p) => p.id === id) ?? []), [compared, all]);
  const aligned = useMemo(() => alignProfiles(profiles), [profiles]);
  const columns = useMemo(() => columnsFor(profiles, aligned.rows), [profiles, aligned]);
  if (profiles.length < 2) {
    return (
      <Empty text="Two to four profiles stand side by side here: measure the engine again after a change, or open saved profiles and tick them in the list on the left.">
        <CommandButton command="file.openProfile" />
      </Empty>
    );
  }
  const at = Math.max(
    0,
    profiles.findIndex((p) => p.id === shown),
  );
  const idsOf = (r: AlignedRow): readonly string[] =>
    r.ids[at]!.length > 0 ? r.ids[at]! : (r.ids.find((i) => i.length > 0) ?? []);
  const pick = (r: AlignedRow): void => {
    const layer = r.cells[at]?.layers[0];
    if (drawsLayers(get()) && layer) select(idsOf(r), `l${layer.layer}`);
    else selectLayer(idsOf(r));
  };
  const isLit = (r: AlignedRow): boolean => idsOf(r).some((s) => selection.has(s));
  return (
    <div className="beside">
      <Heads profiles={profiles} />
      {aligned.byName && (
        <p className="beside-note muted">
          These engines come from different model files; operators are matched by kind and name.
        </p>
      )}
      <DataTable
        label="Profiles side by side"
        minWidth={344 + 192 * (profiles.length - 1)}
        rows={aligned.rows}
        columns={columns}
        sort={{ id: profiles[0]!.id, desc: true }}
        rowKey={(r) => r.key}
        sourcesOf={idsOf}
        isLit={isLit}
        onPick={pick}
        onHover={(r) => hover(r ? idsOf(r) : [])}
      />
      <Slower profiles={profiles} rows={aligned.rows} isLit={isLit} onPick={pick} />
    </div>
  );
}
