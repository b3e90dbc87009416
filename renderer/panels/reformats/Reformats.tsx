import { useMemo } from 'react';
import type { LayerTime, ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { layerIds } from '../../../optimizer/engine/profile/compare/profile.ts';
import { layerSum, layerTitle } from '../../profile/summary.ts';
import { readersOf, transitions } from '../../profile/transitions.ts';
import { hover, selectProfileLayer } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { columnsOf } from '../../ui/columns.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { bytesText, countText, percentText, plural, rateText, timeText } from '../../ui/format.ts';

const { number, text } = columnsOf<LayerTime>();

function columnsFor(p: ProfileResult): Column<LayerTime>[] {
  const sum = layerSum(p) || 1;
  const feeder = (l: LayerTime): string => {
    const k = l.inputs[0];
    if (k === undefined) return '–';
    return k >= 0 ? layerTitle(p, p.layers[k]!) : `input ${p.engine.inputs[-1 - k]?.name ?? ''}`;
  };
  const readers = (l: LayerTime): string => {
    const list = readersOf(p.layers, l.layer);
    if (list.length === 0) return 'output';
    return `${layerTitle(p, list[0]!)}${list.length > 1 ? ` and ${list.length - 1} more` : ''}`;
  };
  return [
    number(
      'layer',
      '#',
      '44px',
      (l) => l.layer,
      (l) => String(l.layer + 1),
    ),
    text('from', 'From', 'minmax(112px, 0.7fr)', (l) => l.conversion!.from),
    text('to', 'To', 'minmax(112px, 0.7fr)', (l) => l.conversion!.to),
    number(
      'median',
      'Median',
      '80px',
      (l) => l.median,
      (l) => timeText(l.median),
    ),
    number(
      'share',
      'Share',
      '64px',
      (l) => l.median,
      (l) => percentText(l.median / sum),
    ),
    text('after', 'Written by', 'minmax(110px, 1fr)', feeder),
    text('before', 'Read by', 'minmax(110px, 1fr)', readers),
    text('shape', 'Shape', 'minmax(110px, 0.7fr)', (l) => l.output.shape),
    number(
      'bytes',
      'Bytes',
      '84px',
      (l) => l.bytes,
      (l) => bytesText(l.bytes),
    ),
    number(
      'rate',
      'Rate',
      '92px',
      (l) => l.bytes / Math.max(1, l.median),
      (l) => rateText(l.bytes, l.median, 'B/s'),
    ),
  ];
}

function Kinds({ profile }: { profile: ProfileResult }) {
  const kinds = useMemo(() => transitions(profile.layers), [profile]);
  const all = kinds.reduce((n, k) => n + k.median, 0);
  const count = kinds.reduce((n, k) => n + k.count, 0);
  return (
    <aside className="culprits" aria-label="Reformats by kind">
      <h3>
        {plural(count, 'reformat')}: {timeText(all)}, {percentText(all / Math.max(1, layerSum(profile)))}
      </h3>
      <p className="muted">
        Layers that change only how a value is stored: the price of mixing element types and layouts.
      </p>
      <ul>
        {kinds.map((k) => (
          <li key={`${k.from}${k.to}`}>
            <div>
              <span>
                {k.from} → {k.to}
              </span>
              <span className="muted">×{countText(k.count)}</span>
              <b>{timeText(k.median)}</b>
            </div>
          </li>
        ))}
      </ul>
    </aside>
  );
}

/** What changes of element type and layout cost, each reformat and each kind. */
export default function Reformats() {
  const profile = useStudio((s) => s.profile);
  const selection = useStudio((s) => s.selection);
  const rows = useMemo(() => profile?.layers.filter((l) => l.conversion) ?? [], [profile]);
  const columns = useMemo(() => (profile ? columnsFor(profile) : []), [profile]);
  if (!profile) return <Empty text="Reformats appear here once the engine has been profiled." command="run.profile" />;
  if (rows.length === 0) {
    return (
      <Empty text="No layer of this engine only changes an element type or a layout: nothing is spent on reformats." />
    );
  }
  return (
    <div className="memory">
      <DataTable
        label="Reformats"
        minWidth={880}
        rows={rows}
        columns={columns}
        sort={{ id: 'median', desc: true }}
        rowKey={(l) => String(l.layer)}
        sourcesOf={(l) => layerIds(profile, l)}
        isLit={(l) => layerIds(profile, l).some((s) => selection.has(s))}
        onPick={selectProfileLayer}
        onHover={(l) => hover(l ? layerIds(profile, l) : [])}
      />
      <Kinds profile={profile} />
    </div>
  );
}
