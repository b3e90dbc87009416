import { Progress } from '@mantine/core';
import type { BuildReport, ReportLayer } from '../../../electron/ipc/schemas/build.ts';
import { selectLayer } from '../../store/actions/select.ts';
import { countStorages, STORAGE_TITLE } from '../../store/precision.ts';
import { isStale } from '../../store/state.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Empty, Section, Stat } from '../../ui/Frame.tsx';
import { bytesText, countText, percentText, plural, secondsText, sentenceText, timeText } from '../../ui/format.ts';
import { rangesText } from '../../ui/ranges.ts';
import { fallbacks } from './fallbacks.ts';
import { Options } from './Options.tsx';

/** "12 layers in INT8, 3 in FP32". */
function kindsText(layers: readonly ReportLayer[]): string {
  const parts = countStorages(layers).map(([k, n], i) => `${i === 0 ? plural(n, 'layer') : n} in ${STORAGE_TITLE[k]}`);
  return `${parts.join(', ')}.`;
}

/** Layers that the GPU has no kernel for: how many, and what going to the CPU and back moves. */
function OnCpu({ layers }: { layers: readonly ReportLayer[] }) {
  const there = fallbacks(layers);
  if (!there) return null;
  return (
    <Section title="On the CPU">
      <p data-testid="fallbacks">
        {plural(there.layers.length, 'layer runs', 'layers run')} on the CPU, {plural(there.copies, 'copy', 'copies')},{' '}
        {bytesText(there.bytes)} a run.
      </p>
      <p className="muted">The GPU has no kernel there: such a layer waits for the GPU, and no graph of launches holds it.</p>
      <ul className="fallbacks" aria-label="Layers on the CPU">
        {there.layers.map((l) => (
          <li key={l.index}>
            <button type="button" className="link" title={l.tactic} onClick={() => selectLayer(l.sources)}>
              {l.index + 1} · {l.name}
            </button>{' '}
            <span className="muted">
              {plural(l.fallback?.copies ?? 0, 'copy', 'copies')}, {bytesText(l.fallback?.bytes ?? 0)}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

type Share = BuildReport['libraries'][number];

/** What a library does in the engine, or would do if it were allowed. */
function shareText({ allowed, layers, saves }: Share): string {
  if (allowed) return `runs ${plural(layers, 'layer')}: the engine needs it.`;
  if (layers === 0) return 'would be faster nowhere.';
  return `is not allowed; it would save ${timeText(saves)} in ${plural(layers, 'layer')}, each measured alone.`;
}

function Running() {
  const job = useStudio((s) => s.jobs.find((j) => j.job === s.building));
  if (!job) return null;
  return (
    <Section title="Building" aside={<CommandButton command="run.cancel" label="Cancel" />}>
      <p>
        {job.phase || 'Starting'} {job.total > 0 ? `${countText(job.done)} of ${countText(job.total)}` : ''}
        {job.eta !== null && job.eta > 1 ? `, ${secondsText(job.eta)} left` : ''}
      </p>
      <Progress value={job.total > 0 ? (100 * job.done) / job.total : 0} aria-label="Build progress" />
      <p className="muted">{job.note}</p>
    </Section>
  );
}

function Result() {
  const result = useStudio((s) => s.build);
  const stale = useStudio(isStale);
  const device = useStudio((s) => s.machine?.devices.find((d) => d.id === s.build?.report.device)?.name);
  if (!result) return <Empty text="No engine yet: building takes the optimized graph and chooses a kernel for every layer." />;
  const { report } = result;
  const { arena, lowerBound, withoutReuse } = report.memory;
  return (
    <>
      {stale && (
        <div className="stale-box">
          Device, passes, precision or kernels changed after this build. <CommandButton command="run.build" label="Rebuild" />
        </div>
      )}
      <Section title="Engine">
        <div className="stats">
          <Stat label="Layers" value={countText(report.layers.length)} />
          <Stat label="File" value={bytesText(report.engine.bytes)} />
          <Stat label="Weights" value={bytesText(report.engine.weightBytes)} />
        </div>
        <p className="muted" data-testid="built-in">
          {kindsText(report.layers)}
        </p>
        <p className="muted" data-testid="built-for">
          For {device ?? report.device}.
        </p>
      </Section>
      {report.profiles.length > 1 && (
        <Section title="Optimization profiles">
          <dl className="attributes">
            {report.profiles.map((p, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a profile is its number
              <div key={i}>
                <dt>{i}</dt>
                <dd className="mono">
                  {rangesText(p.ranges)}: {plural(p.layers, 'layer')}, {bytesText(p.arena)}
                </dd>
              </div>
            ))}
          </dl>
        </Section>
      )}
      <OnCpu layers={report.layers} />
      <Section title="Activation memory">
        <div className="stats">
          <Stat label="Planned" value={bytesText(arena)} title="One arena for all activations" />
          <Stat label="Lower bound" value={bytesText(lowerBound)} title="Largest set of values alive at once" />
          <Stat label="Without reuse" value={bytesText(withoutReuse)} />
        </div>
        {withoutReuse > 0 && <p className="muted">Reuse saves {percentText(1 - arena / withoutReuse)}.</p>}
      </Section>
      {report.device !== 'cpu' && (
        <Section title="Streams">
          <p data-testid="streams">
            {report.streams.used > 1
              ? `${plural(report.streams.moved, 'layer')} on ${plural(report.streams.used - 1, 'auxiliary stream')}.`
              : 'One stream.'}
          </p>
          <p className="muted">
            {report.streams.times
              ? `A run took ${timeText(report.streams.times.all)} on several, ${timeText(report.streams.times.one)} on one.`
              : `${sentenceText(report.streams.reason)}.`}
          </p>
        </Section>
      )}
      {report.libraries.length > 0 && (
        <Section title="Libraries">
          {report.libraries.map((l) => (
            <p key={l.name}>
              {l.name} {l.version} <span className="muted">{shareText(l)}</span>
            </p>
          ))}
        </Section>
      )}
      {report.tuning && (
        <Section title="Auto-tuning">
          <div className="stats">
            <Stat label="Timed now" value={countText(report.tuning.timed)} title="Kernels and reformats timed for this build" />
            <Stat label="Known" value={countText(report.tuning.cached)} title="From the timing cache" />
            {report.tuning.failed > 0 && <Stat label="Failed" value={countText(report.tuning.failed)} />}
          </div>
        </Section>
      )}
      <Section title="Build time">
        <dl className="attributes">
          {Object.entries(report.milliseconds).filter(([, ms]) => ms >= 0.5).map(([phase, ms]) => (
            <div key={phase}>
              <dt>{phase}</dt>
              <dd className="mono">{ms.toFixed(0)} ms</dd>
            </div>
          ))}
        </dl>
      </Section>
    </>
  );
}

/** Options, progress and outcome of the build. */
export default function Build() {
  const hasTrace = useStudio((s) => s.trace !== null);
  const runtime = useStudio((s) => s.machine?.runtime ?? null);
  const why = useStudio((s) => s.machine?.missing[0] ?? 'The native runtime could not be loaded.');
  const building = useStudio((s) => s.building !== null);
  if (!hasTrace) return <Empty text="Open a model to build an engine for this machine." command="file.open" />;
  if (runtime === null) return <Empty text={why} command="host.restart" />;
  return (
    <div className="inspector">
      <Options />
      {building ? <Running /> : <Result />}
    </div>
  );
}
