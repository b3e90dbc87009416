import { NumberInput, Progress, Select } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { ProfileResult } from '../../../electron/ipc/schemas/profile.ts';
import { onCpu } from '../../../optimizer/engine/profile/compare/kernels.ts';
import { layerShares, layerShareText } from '../../../optimizer/engine/profile/compare/shares.ts';
import { dtypeName, layerSum } from '../../profile/summary.ts';
import { choose } from '../../store/actions/choices.ts';
import { isStale } from '../../store/state.ts';
import { useStudio } from '../../store/store.ts';
import { Chart } from '../../ui/Chart.tsx';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Empty, Section, Stat } from '../../ui/Frame.tsx';
import { countText, plural, rateText, timeText } from '../../ui/format.ts';
import { rangesText } from '../../ui/ranges.ts';
import { histogram } from './histogram.ts';
import { Profiles } from './Profiles.tsx';

const ms = (v: number): string => `${Number(v.toPrecision(3))}`;

function Latency({ result }: { result: ProfileResult }) {
  const { latency, samples } = result;
  const runs = useMemo(() => Float64Array.from(samples, (_, i) => i + 1), [samples]);
  const values = useMemo(() => Float64Array.from(samples, (s) => s / 1e6), [samples]);
  const bins = useMemo(() => histogram(values, 24), [values]);
  const marks = useMemo(() => [{ value: latency.median / 1e6, text: 'median' }], [latency]);
  const there = result.layers.filter(onCpu);
  // Other programs on the machine cause spikes that would flatten everything else.
  const top = (latency.p90 / 1e6) * 1.4;
  const beyond = values.filter((v) => v > top).length;
  const shares = layerShares(result);
  return (
    <>
      <Section title="Latency of the whole engine">
        <div className="stats" data-testid="latency">
          <Stat label="median" value={timeText(latency.median)} />
          <Stat label="mean" value={timeText(latency.mean)} />
          <Stat
            label="runs/s"
            title="Runs a second, one after the other"
            value={countText(Math.round(1e9 / Math.max(1, latency.median)))}
          />
          <Stat label="p90" value={timeText(latency.p90)} />
          <Stat label="p95" value={timeText(latency.p95)} />
          <Stat label="p99" value={timeText(latency.p99)} />
        </div>
        <p className="muted">
          {plural(samples.length, 'run')} on{' '}
          {result.device.kind === 'cpu' ? plural(result.threads, 'thread') : result.device.id}, random input. The layers
          one by one take {timeText(layerSum(result))}: their sum is not the engine's time.
        </p>
      </Section>
      {there.length > 0 && (
        <Section title="On the CPU">
          <p data-testid="on-cpu">
            {plural(there.length, 'layer runs', 'layers run')} on the CPU and {there.length === 1 ? 'takes' : 'take'}{' '}
            {timeText(there.reduce((n, l) => n + l.median, 0))} of that, copies there and back included.
          </p>
        </Section>
      )}
      {shares.length > 0 && (
        <Section title="Streams and libraries">
          <dl className="attributes" data-testid="shares">
            {shares.map((s) => (
              <div key={s.title}>
                <dt>{s.title}</dt>
                <dd>{layerShareText(s)}</dd>
              </div>
            ))}
          </dl>
        </Section>
      )}
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

/** What it ran on, and what that reaches. */
function Device({ result }: { result: ProfileResult }) {
  const { device, ceilings } = result;
  const rows = ceilings
    ? [
        ...ceilings.flops.map((f) => [dtypeName(f.dtype), rateText(f.rate, 1e9, 'FLOP/s')] as const),
        ['Copy', rateText(ceilings.bandwidth, 1e9, 'B/s')] as const,
      ]
    : [];
  return (
    <Section title="Device">
      <p>
        {device.name}
        {device.cores > 0 && (
          <span className="muted">, {plural(device.cores, device.kind === 'cpu' ? 'core' : 'multiprocessor')}</span>
        )}
      </p>
      {rows.length > 0 && (
        <>
          <p className="muted">
            What it was measured to reach
            {device.kind === 'cpu' ? ` with ${plural(ceilings?.threads ?? 1, 'thread')}` : ''}:
          </p>
          <dl className="attributes">
            {rows.map(([name, rate]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{rate}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <p className="muted">Recorded {new Date(result.recorded).toLocaleString()}</p>
    </Section>
  );
}

function Run() {
  const iterations = useStudio((s) => s.choices.iterations);
  const profiles = useStudio((s) => s.build?.report.profiles) ?? [];
  const chosen = useStudio((s) => s.choices.optimizationProfile);
  const job = useStudio((s) => s.jobs.find((j) => j.job === s.profiling));
  return (
    <Section title="Run">
      <div className="form">
        {profiles.length > 1 && (
          <Select
            label="Optimization profile"
            description="Runs at its best sizes"
            size="xs"
            allowDeselect={false}
            data={profiles.map((p, i) => ({ value: String(i), label: `${i} · ${rangesText(p.ranges)}` }))}
            value={String(Math.min(chosen, profiles.length - 1))}
            onChange={(v) => v !== null && choose({ optimizationProfile: Number(v) })}
          />
        )}
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
          <p className="muted">{job.phase || 'Starting'}</p>
          <Progress value={job.total > 0 ? (100 * job.done) / job.total : 0} aria-label="Profile progress" />
          <CommandButton command="run.cancel" label="Cancel" />
        </>
      ) : (
        <CommandButton command="run.profile" icon={<IconPlayerPlay size={14} />} primary />
      )}
    </Section>
  );
}

/** The profiles at hand, how to run another, and how long the shown one took. */
export default function Profile() {
  const result = useStudio((s) => s.profile);
  const built = useStudio((s) => s.build !== null);
  const any = useStudio((s) => s.profiles.length > 0);
  const stale = useStudio(isStale);
  if (!built && !any) {
    return (
      <Empty text="There is no engine to profile yet, and no saved profile is open." command="run.all">
        <CommandButton command="file.openProfile" />
      </Empty>
    );
  }
  return (
    <div className="inspector">
      {stale && (
        <div className="stale-box">
          This engine is older than your choices. <CommandButton command="run.all" label="Rebuild" />
        </div>
      )}
      {any && <Profiles />}
      {built && <Run />}
      {result && <Latency result={result} />}
      {result && <Device result={result} />}
    </div>
  );
}
