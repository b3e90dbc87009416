import { Progress } from '@mantine/core';
import { useMemo } from 'react';
import type { LayerSensitivity } from '../../../electron/ipc/schemas/precision.ts';
import { sensitivityKeyNow } from '../../store/actions/precision/measure.ts';
import { showTensor } from '../../store/actions/precision/ranges.ts';
import { hover, selectLayer } from '../../store/actions/select.ts';
import { rankingJob } from '../../store/precision.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { type Column, DataTable } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Frame.tsx';
import { plural, secondsText, shareText, timeText } from '../../ui/format.ts';
import { PinControl } from '../../ui/PinControl.tsx';
import { cividis } from '../../ui/tokens.ts';
import './ranking.css';

const decibels = (x: number): string => (Number.isFinite(x) ? `${x.toFixed(1)} dB` : '∞');
/** Two digits and a power of ten: these numbers span many. */
const powerText = (x: number): string =>
  Number.isFinite(x) ? x.toExponential(1).replace('e', ' · 10^').replace('+', '') : 'nothing won';

function Loss({ value }: { value: number }) {
  if (!Number.isFinite(value)) return <span className="muted">nothing won</span>;
  const [digits, power] = value.toExponential(1).split('e');
  return (
    <span title={powerText(value)}>
      {digits}·10<sup>{Number(power)}</sup>
    </span>
  );
}

function columnsFor(
  layers: readonly LayerSensitivity[],
  pins: Readonly<Record<string, string>>,
): Column<LayerSensitivity>[] {
  const finite = layers.map((l) => l.sqnr).filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const share = (x: number): number => (Number.isFinite(x) && high > low ? (x - low) / (high - low) : 1);
  return [
    {
      id: 'name',
      title: 'Layer',
      width: 'minmax(150px, 1.5fr)',
      value: (l) => l.place || l.name,
      cell: (l) => (
        <span title={`${l.place}: ${l.name}`}>
          {l.place || l.name} {l.place !== '' && <span className="muted">{l.name}</span>}
        </span>
      ),
    },
    {
      id: 'pin',
      title: 'Precision',
      width: '96px',
      value: (l) => pins[l.sources[0] ?? ''] ?? '',
      cell: (l) => <PinControl sources={l.sources} name={l.place || l.name} compact />,
    },
    {
      id: 'sqnr',
      title: 'SQNR of the output',
      width: 'minmax(136px, 0.9fr)',
      value: (l) => -l.sqnr,
      cell: (l) => (
        <span className="time-bar" title="Signal to noise of the network's output when this layer alone runs in INT8">
          <i style={{ width: `${100 - 90 * share(l.sqnr)}%`, background: cividis(1 - share(l.sqnr)) }} />
          {decibels(l.sqnr)}
        </span>
      ),
    },
    {
      id: 'loss',
      title: 'Lost per µs won',
      width: '116px',
      align: 'right',
      value: (l) => l.lossPerMicrosecond,
      cell: (l) => <Loss value={l.lossPerMicrosecond} />,
    },
    {
      id: 'won',
      title: 'Won',
      width: '80px',
      align: 'right',
      value: (l) => l.fp32 - l.int8,
      cell: (l) => (l.fp32 > l.int8 ? timeText(l.fp32 - l.int8) : <span className="muted">–</span>),
    },
    {
      id: 'clipped',
      title: 'Clipped',
      width: '78px',
      align: 'right',
      value: (l) => l.clipped,
      cell: (l) => (l.clipped > 0 ? shareText(l.clipped) : '–'),
    },
    { id: 'fp32', title: 'FP32', width: '78px', align: 'right', value: (l) => l.fp32, cell: (l) => timeText(l.fp32) },
    { id: 'int8', title: 'INT8', width: '78px', align: 'right', value: (l) => l.int8, cell: (l) => timeText(l.int8) },
  ];
}

function Running() {
  const job = useStudio(rankingJob);
  return (
    <div className="empty" role="status">
      <p>
        {job?.phase ?? 'Starting'} {job && job.total > 1 ? `${job.done} of ${job.total}` : ''}
        {job?.eta != null && job.eta > 1 ? `, ${secondsText(job.eta)} left` : ''}
      </p>
      <Progress w={280} value={job && job.total > 0 ? (100 * job.done) / job.total : 0} aria-label="Layers measured" />
      <CommandButton command="run.cancel" label="Cancel" />
    </div>
  );
}

/** What each layer costs in accuracy, and wins in time, when it alone runs in INT8; pins decide. */
export default function Ranking() {
  const report = useStudio((s) => s.precision.sensitivity);
  const ranking = useStudio((s) => s.precision.ranking !== null);
  const has = useStudio((s) => s.precision.calibration !== null);
  const pins = useStudio((s) => s.choices.precision.pins);
  // Read in the selector: the key depends on choices, calibration and passes alike.
  const stale = useStudio(
    (s) => s.precision.sensitivity !== null && s.precision.sensitivityKey !== sensitivityKeyNow(),
  );
  const selection = useStudio((s) => s.selection);
  const layers = report?.layers;
  const columns = useMemo(() => columnsFor(layers ?? [], pins), [layers, pins]);
  const lit = useMemo(() => layers?.find((l) => l.sources.some((x) => selection.has(x))), [layers, selection]);
  if (ranking) return <Running />;
  if (!layers) {
    return has ? (
      <Empty
        text="Which layers lose accuracy in INT8, and which win time? Each is put into INT8 alone, in a real engine, and measured."
        command="precision.rank"
      />
    ) : (
      <Empty text="The ranking of layers needs ranges: calibrate first." command="precision.start" />
    );
  }
  return (
    <div className="ranking">
      <div className="ranking-bar">
        <span className="muted">
          {plural(layers.length, 'layer')}, each alone in INT8, on {plural(report.samples, 'sample')}
        </span>
        {stale && <span className="stale-note">Older than the ranges shown</span>}
        <span className="spacer" />
        {Object.keys(pins).length > 0 && <CommandButton command="pin.clear" label="Remove all pins" />}
        <CommandButton command="precision.rank" label={stale ? 'Rank again' : 'Measure again'} primary={stale} />
      </div>
      <DataTable
        label="Layers by accuracy"
        rows={layers}
        columns={columns}
        sort={{ id: 'sqnr', desc: true }}
        rowKey={(l) => l.sources.join(' ')}
        sourcesOf={(l) => l.sources}
        isLit={(l) => l === lit}
        onPick={(l) => {
          selectLayer(l.sources);
          const out = l.tensors.at(-1);
          if (out !== undefined) showTensor(out);
        }}
        onHover={(l) => hover(l?.sources ?? [])}
      />
    </div>
  );
}
