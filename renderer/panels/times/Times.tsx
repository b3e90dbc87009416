import { useMemo } from 'react';
import type { LayerTime, ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { layerIds } from '../../../optimizer/engine/profile/compare/profile.ts';
import { layerSum, layerTitle, roofShare } from '../../profile/summary.ts';
import { hover, selectProfileLayer } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { columnsOf } from '../../ui/columns.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { bytesText, countText, percentText, timeText } from '../../ui/format.ts';
import { cividis } from '../../ui/tokens.ts';

const { number, text } = columnsOf<LayerTime>();

/** What only GPUs say of a layer; the columns are there when any layer has them. */
function factColumns(layers: readonly LayerTime[]): Column<LayerTime>[] {
  const all: readonly [keyof NonNullable<LayerTime['facts']>, string, (x: number) => string][] = [
    ['kernels', 'Kernels', countText],
    ['registers', 'Registers', countText],
    ['sharedBytes', 'Shared', bytesText],
    ['occupancy', 'Occupancy', percentText],
  ];
  return all
    .filter(([key]) => layers.some((l) => l.facts?.[key] !== undefined))
    .map(([key, title, show]) =>
      number(
        key,
        title,
        '84px',
        (l) => l.facts?.[key] ?? 0,
        (l) => {
          const x = l.facts?.[key];
          return x === undefined ? '–' : show(x);
        },
      ),
    );
}

function columnsFor(p: Pick<ProfileResult, 'layers' | 'sources'>): Column<LayerTime>[] {
  const { layers } = p;
  const sum = layerSum({ layers }) || 1;
  const most = Math.max(1, ...layers.map((l) => l.median));
  const per = (amount: number, l: LayerTime): number => (l.median > 0 ? amount / l.median : 0);
  const rate = (x: number): string => (x <= 0 ? '–' : x < 999.5 ? x.toFixed(1) : countText(Math.round(x)));
  return [
    number(
      'layer',
      '#',
      '44px',
      (l) => l.layer,
      (l) => String(l.layer + 1),
    ),
    {
      id: 'name',
      title: 'Layer',
      width: 'minmax(170px, 1.8fr)',
      value: (l) => layerTitle(p, l),
      cell: (l) => (
        <span title={`${l.name}\n${layerTitle(p, l)}`}>
          {layerTitle(p, l)} <span className="muted">{l.name}</span>
        </span>
      ),
    },
    {
      id: 'bar',
      title: 'Share',
      width: 'minmax(104px, 0.8fr)',
      value: (l) => l.median,
      cell: (l) => (
        <span className="time-bar">
          <i style={{ width: `${(100 * l.median) / most}%`, background: cividis(Math.sqrt(l.median / most)) }} />
          {percentText(l.median / sum)}
        </span>
      ),
    },
    number(
      'median',
      'Median',
      '80px',
      (l) => l.median,
      (l) => timeText(l.median),
    ),
    number(
      'roof',
      'Of ceiling',
      '84px',
      (l) => roofShare(l) ?? 0,
      (l) => {
        const share = roofShare(l);
        return share === null ? '–' : percentText(share);
      },
    ),
    number(
      'rate',
      'GFLOP/s',
      '80px',
      (l) => per(l.flops, l),
      (l) => rate(per(l.flops, l)),
    ),
    number(
      'traffic',
      'GB/s',
      '70px',
      (l) => per(l.bytes, l),
      (l) => rate(per(l.bytes, l)),
    ),
    number(
      'p99',
      'p99',
      '80px',
      (l) => l.p99,
      (l) => timeText(l.p99),
    ),
    ...factColumns(layers),
    text('tactic', 'Tactic', 'minmax(150px, 1.1fr)', (l) => l.tactic, true),
    number(
      'sources',
      'Ops',
      '48px',
      (l) => l.sources.length,
      (l) => countText(l.sources.length),
    ),
  ];
}

/** Layers by the time they take; choosing one shows it in the graph. */
export default function Times() {
  const profile = useStudio((s) => s.profile);
  const selection = useStudio((s) => s.selection);
  const columns = useMemo(() => (profile ? columnsFor(profile) : []), [profile]);
  const lit = useMemo(
    () => profile?.layers.find((l) => layerIds(profile, l).some((x) => selection.has(x))),
    [profile, selection],
  );
  if (!profile) return <Empty text="Times appear here once the engine has been profiled." command="run.profile" />;
  return (
    <DataTable
      key={profile.id}
      label="Layers by time"
      minWidth={880 + 84 * factColumns(profile.layers).length}
      rows={profile.layers}
      columns={columns}
      sort={{ id: 'median', desc: true }}
      rowKey={(l) => String(l.layer)}
      sourcesOf={(l) => layerIds(profile, l)}
      isLit={(l) => l === lit}
      onPick={selectProfileLayer}
      onHover={(l) => hover(l ? layerIds(profile, l) : [])}
    />
  );
}
