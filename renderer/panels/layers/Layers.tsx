import { useMemo } from 'react';
import type { ReportLayer } from '../../../electron/ipc/schemas/build.ts';
import { hover, selectLayer } from '../../store/actions/select.ts';
import { useStudio } from '../../store/store.ts';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { bytesText, countText, flopsText } from '../../ui/format.ts';
import { Candidates } from './Candidates.tsx';

const COLUMNS: readonly Column<ReportLayer>[] = [
  { id: 'index', title: '#', width: '44px', align: 'right', value: (l) => l.index, cell: (l) => l.index + 1 },
  {
    id: 'name',
    title: 'Layer',
    width: 'minmax(140px, 1.4fr)',
    value: (l) => l.name,
    cell: (l) => <span title={l.name}>{l.name}</span>,
  },
  {
    id: 'tactic',
    title: 'Tactic',
    width: 'minmax(230px, 1.3fr)',
    value: (l) => l.tactic,
    cell: (l) => (
      <span className="mono" title={l.tactic}>
        {l.tactic}
      </span>
    ),
  },
  {
    id: 'candidates',
    title: 'Candidates',
    width: '88px',
    align: 'right',
    value: (l) => l.candidates.length,
    cell: (l) => countText(l.candidates.length),
  },
  {
    id: 'layouts',
    title: 'Layouts',
    width: '120px',
    value: (l) => l.layouts,
    cell: (l) => <span title={l.layouts}>{l.layouts}</span>,
  },
  {
    id: 'output',
    title: 'Output',
    width: 'minmax(110px, 0.8fr)',
    value: (l) => l.outputs[0]?.shape ?? '',
    cell: (l) => <span className="mono">{l.outputs[0]?.shape}</span>,
  },
  {
    id: 'flops',
    title: 'Operations',
    width: '104px',
    align: 'right',
    value: (l) => l.flops,
    cell: (l) => flopsText(l.flops),
  },
  {
    id: 'bytes',
    title: 'Bytes',
    width: '84px',
    align: 'right',
    value: (l) => l.bytes,
    cell: (l) => bytesText(l.bytes),
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

/** Every layer of the engine: its kernel, the alternatives, what it works on. */
export default function Layers() {
  const report = useStudio((s) => s.build?.report ?? null);
  const selection = useStudio((s) => s.selection);
  const building = useStudio((s) => s.building !== null);
  const lit = useMemo(() => report?.layers.find((l) => l.sources.some((x) => selection.has(x))), [report, selection]);
  if (!report) {
    return building ? (
      <Empty text="The table fills when the build is done." />
    ) : (
      <Empty text="No engine has been built from this model yet." command="run.build" />
    );
  }
  return (
    <div className="layers">
      <DataTable
        label="Layers of the engine"
        rows={report.layers}
        columns={COLUMNS}
        sort={{ id: 'index', desc: false }}
        rowKey={(l) => String(l.index)}
        sourcesOf={(l) => l.sources}
        isLit={(l) => l === lit}
        onPick={(l) => selectLayer(l.sources)}
        onHover={(l) => hover(l?.sources ?? [])}
      />
      {lit && lit.candidates.length > 0 && <Candidates layer={lit} />}
    </div>
  );
}
