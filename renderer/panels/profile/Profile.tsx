import { NumberInput, Progress } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { ProfileResult } from '../../../electron/ipc/schemas/build.ts';
import { choose } from '../../store/actions/choices.ts';
import { isStale } from '../../store/state.ts';
import { useStudio } from '../../store/store.ts';
import { Chart } from '../../ui/Chart.tsx';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Empty, Section, Stat } from '../../ui/Frame.tsx';
import { countText, plural, timeText } from '../../ui/format.ts';
import { histogram } from './histogram.ts';

const ms = (v: number): string => `${Number(v.toPrecision(3))}`;

function Latency({ result }: { result: ProfileResult }) {
  const { latency, samples } = result;
  const runs = useMemo(() => Float64Array.from(samples, (_, i) => i + 1), [samples]);
  const values = useMemo(() => samples.map((s) => s / 1e6), [samples]);
  const bins = useMemo(() => histogram(values, 24), [values]);
  const marks = useMemo(() => [{ value: latency.median / 1e6, text: 'median' }], [latency]);
  // Other programs on the machine cause spikes that would flatten everything else.
  const top = (latency.p90 / 1e6) * 1.4;
  const beyond = values.filter((v) => v > top).length;
  const layerSum = result.layers.reduce((n, l) => n + l.median, 0);
  return (
    <>
      <Section title="Latency of the whole engine">
        <div className="stats" data-testid="latency">
          <Stat label="median" value={timeText(latency.median)} />
          <Stat label="mean" value={timeText(latency.mean)} />
          <Stat label="runs a second" value={countText(Math.round(1e9 / Math.max(1, latency.median)))} />
          <Stat label="p90" value={timeText(latency.p90)} />
          <Stat label="p95" value={timeText(latency.p95)} />
          <Stat label="p99" value={timeText(latency.p99)} />
        </div>
        <p className="muted">
          {plural(samples.length, 'run')} on {plural(result.threads, 'thread')}, random input. The layers one by one
          take {timeText(layerSum)}: their sum is not the engine's time.
        </p>
      </Section>
      <Section
        title="Run by run (ms)"
        aside={beyond > 0 ? <span className="muted">{plural(beyond, 'spike')} beyond the chart</span> : null}
      >
        <Chart
          label="Latency of each run"
          kind="line"
          x={runs}
          y={values}
          xText={ms}
          yText={ms}
          height={130}
          yMax={top}
          marks={marks}
        />
      </Section>
      <Section title="Distribution (runs by ms)">
        <Chart label="Distribution of latencies" kind="bars" x={bins.x} y={bins.y} xText={ms} yText={ms} height={120} />
      </Section>
    </>
  );
}

/** Running the engine: how, and how long it took. */
export default function Profile() {
  const result = useStudio((s) => s.profile);
  const built = useStudio((s) => s.build !== null);
  const stale = useStudio(isStale);
  const iterations = useStudio((s) => s.choices.iterations);
  const job = useStudio((s) => s.jobs.find((j) => j.job === s.profiling));
  if (!built) return <Empty text="There is no engine to profile yet." command="run.all" />;
  return (
    <div className="inspector">
      {stale && (
        <div className="stale-box">
          This engine is older than your choices. <CommandButton command="run.all" label="Rebuild" />
        </div>
      )}
      <Section title="Run">
        <div className="form">
          <NumberInput
            label="Runs"
            size="xs"
            min={10}
            max={100000}
            step={50}
            value={iterations}
            onChange={(v) => typeof v === 'number' && v >= 1 && choose({ iterations: Math.round(v) })}
          />
        </div>
        {job ? (
          <>
            <Progress value={job.total > 0 ? (100 * job.done) / job.total : 0} aria-label="Profile progress" />
            <CommandButton command="run.cancel" label="Cancel" />
          </>
        ) : (
          <CommandButton command="run.profile" icon={<IconPlayerPlay size={14} />} primary />
        )}
      </Section>
      {result && <Latency result={result} />}
    </div>
  );
}
