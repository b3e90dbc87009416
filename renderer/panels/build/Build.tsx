import { NumberInput, Progress, Select } from '@mantine/core';
import { IconHammer } from '@tabler/icons-react';
import type { ReportLayer } from '../../../electron/ipc/schemas/build.ts';
import type { Storage } from '../../../electron/ipc/schemas/precision.ts';
import { choose } from '../../store/actions/choices.ts';
import { chooseTuning } from '../../store/actions/tuning.ts';
import { choosePrecision } from '../../store/actions/precision/results.ts';
import { threadsOf } from '../../store/actions/engine.ts';
import { countStorages, STORAGE_TITLE } from '../../store/precision.ts';
import { isStale } from '../../store/state.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Empty, Section, Stat } from '../../ui/Frame.tsx';
import { bytesText, countText, percentText, plural, secondsText } from '../../ui/format.ts';
import { rangesText } from '../../ui/ranges.ts';
import { Dimensions } from './Dimensions.tsx';

function Options() {
  const choices = useStudio((s) => s.choices);
  const devices = useStudio((s) => s.machine?.devices) ?? [];
  const storages = useStudio((s) => s.precision.storages);
  const hasRanges = useStudio((s) => s.precision.calibration !== null);
  const cores = devices.find((d) => d.id === choices.device)?.cores ?? 1;
  return (
    <Section title="Options">
      <div className="form">
        <Select
          label="Device"
          size="xs"
          allowDeselect={false}
          data={devices.map((d) => ({ value: d.id, label: d.name }))}
          value={choices.device}
          onChange={(device) => device !== null && choose({ device })}
        />
        <NumberInput
          label="Threads"
          description={`${cores} cores on this device`}
          size="xs"
          min={1}
          max={Math.max(cores, 1)}
          value={choices.threads > 0 ? choices.threads : threadsOf()}
          onChange={(v) => typeof v === 'number' && v >= 1 && choose({ threads: Math.round(v) })}
        />
        <Select
          label="Precision"
          description={hasRanges ? 'Ranges, pins and plans are in the Precision step' : 'INT8 needs ranges: see the Precision step'}
          size="xs"
          allowDeselect={false}
          data={storages.map((s) => ({ value: s, label: STORAGE_TITLE[s], disabled: s === 'int8' && !hasRanges }))}
          value={choices.precision.kind}
          onChange={(kind) => kind !== null && choosePrecision({ kind: kind as Storage })}
        />
        <Tuning />
        <Dimensions />
      </div>
      <CommandButton command="run.build" icon={<IconHammer size={14} />} primary />
    </Section>
  );
}

const LEVELS = [
  'none, estimates decide',
  'one kernel a format',
  'two kernels a format',
  'three kernels a format',
  'six, more samples',
  'all of them',
];

/** How much is timed, and what has been pinned or forbidden by hand. */
function Tuning() {
  const { level, pin, forbid } = useStudio((s) => s.choices.tuning);
  const pinned = Object.keys(pin).length;
  return (
    <>
      <Select
        label="Auto-tuning"
        description="Kernels are timed here; a timing is kept and used again"
        size="xs"
        allowDeselect={false}
        data={LEVELS.map((title, i) => ({ value: String(i), label: `${i} · ${title}` }))}
        value={String(level)}
        onChange={(v) => v !== null && chooseTuning({ level: Number(v) })}
      />
      {pinned + forbid.length > 0 && (
        <p className="muted">
          {[pinned > 0 ? `${pinned} pinned` : '', forbid.length > 0 ? `${forbid.length} forbidden` : '']
            .filter((t) => t !== '')
            .join(', ')}{' '}
          by hand. <CommandButton command="build.freeTactics" label="Free all" />
        </p>
      )}
    </>
  );
}

/** "12 layers in INT8, 3 in FP32". */
function kindsText(layers: readonly ReportLayer[]): string {
  const parts = countStorages(layers).map(([k, n], i) => `${i === 0 ? plural(n, 'layer') : n} in ${STORAGE_TITLE[k]}`);
  return `${parts.join(', ')}.`;
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
  if (!result) return <Empty text="No engine yet: building takes the optimized graph and chooses a kernel for every layer." />;
  const { report } = result;
  const { arena, lowerBound, withoutReuse } = report.memory;
  return (
    <>
      {stale && (
        <div className="stale-box">
          Passes, precision or kernels changed after this build. <CommandButton command="run.build" label="Rebuild" />
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
      <Section title="Activation memory">
        <div className="stats">
          <Stat label="Planned" value={bytesText(arena)} title="One arena for all activations" />
          <Stat label="Lower bound" value={bytesText(lowerBound)} title="Largest set of values alive at once" />
          <Stat label="Without reuse" value={bytesText(withoutReuse)} />
        </div>
        {withoutReuse > 0 && <p className="muted">Reuse saves {percentText(1 - arena / withoutReuse)}.</p>}
      </Section>
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
