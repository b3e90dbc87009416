import { useMemo } from 'react';
import type { LayerTime } from '../../../electron/ipc/schemas/build.ts';
import { hover, selectLayer } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { countText, percentText, timeText } from '../../ui/format.ts';
import { cividis } from '../../ui/tokens.ts';

function columnsFor(layers: readonly LayerTime[]): Column<LayerTime>[] {
  const sum = layers.reduce((n, l) => n + l.median, 0) || 1;
  const most = Math.max(1, ...layers.map((l) => l.median));
  const rate = (l: LayerTime): number => (l.median > 0 ? l.flops / l.median : 0);
  return [
    { id: 'layer', title: '#', width: '44px', align: 'right', value: (l) => l.layer, cell: (l) => l.layer + 1 },
    {
      id: 'name',
      title: 'Layer',
      width: 'minmax(160px, 1.6fr)',
      value: (l) => l.name,
      cell: (l) => <span title={l.name}>{l.name}</span>,
    },
    {
      id: 'bar',
      title: 'Share',
      width: 'minmax(120px, 1fr)',
      value: (l) => l.median,
      cell: (l) => (
        <span className="time-bar">
          <i style={{ width: `${(100 * l.median) / most}%`, background: cividis(Math.sqrt(l.median / most)) }} />
          {percentText(l.median / sum)}
        </span>
      ),
    },
    {
      id: 'median',
      title: 'Median',
      width: '92px',
      align: 'right',
      value: (l) => l.median,
      cell: (l) => timeText(l.median),
    },
    { id: 'min', title: 'Min', width: '86px', align: 'right', value: (l) => l.min, cell: (l) => timeText(l.min) },
    { id: 'max', title: 'Max', width: '86px', align: 'right', value: (l) => l.max, cell: (l) => timeText(l.max) },
    {
      id: 'rate',
      title: 'GFLOP/s',
      width: '84px',
      align: 'right',
      value: rate,
      cell: (l) => (rate(l) > 0 ? rate(l).toFixed(1) : '–'),
    },
    {
      id: 'tactic',
      title: 'Tactic',
      width: 'minmax(150px, 1.1fr)',
      value: (l) => l.tactic,
      cell: (l) => (
        <span className="mono" title={l.tactic}>
          {l.tactic}
        </span>
      ),
    },
    {
      id: 'sources',
      title: 'Operators',
      width: '84px',
      align: 'right',
      value: (l) => l.sources.length,
      cell: (l) => countText(l.sources.length),
    },
  ];
}

/** Layers by the time they take; choosing one shows it in the graph. */
export default function Times() {
  const layers = useStudio((s) => s.profile?.layers ?? null);
  const selection = useStudio((s) => s.selection);
  const columns = useMemo(() => columnsFor(layers ?? []), [layers]);
  const lit = useMemo(() => layers?.find((l) => l.sources.some((x) => selection.has(x))), [layers, selection]);
  if (!layers) return <Empty text="Times appear here once the engine has been profiled." command="run.profile" />;
  return (
    <DataTable
      label="Layers by time"
      rows={layers}
      columns={columns}
      sort={{ id: 'median', desc: true }}
      rowKey={(l) => String(l.layer)}
      sourcesOf={(l) => l.sources}
      isLit={(l) => l === lit}
      onPick={(l) => selectLayer(l.sources)}
      onHover={(l) => hover(l?.sources ?? [])}
    />
  );
}
