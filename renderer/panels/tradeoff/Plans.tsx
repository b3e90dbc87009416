import { Progress, SegmentedControl } from '@mantine/core';
import { IconChartDots, IconCircleCheck } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { PlanPoint } from '../../../electron/ipc/schemas/precision.ts';
import { plansKeyNow } from '../../store/actions/precision/measure.ts';
import { setResults } from '../../store/actions/precision/results.ts';
import { plansJob, STORAGE_TITLE, shownPlan } from '../../store/precision.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Section } from '../../ui/Frame.tsx';
import { plural, secondsText, timeText } from '../../ui/format.ts';
import { keptBy, type Measure } from './axis.ts';
import { PlanChart } from './PlanChart.tsx';

function Running() {
  const job = useStudio(plansJob);
  return (
    <div role="status" className="plans-running">
      <p>
        {job?.phase || 'Starting'} {job && job.total > 1 ? `${job.done} of ${job.total}` : ''}
        {job?.eta != null && job.eta > 1 ? `, ${secondsText(job.eta)} left` : ''}
      </p>
      <Progress value={job && job.total > 0 ? (100 * job.done) / job.total : 0} aria-label="Plans measured" />
      <p className="muted plans-note">{job?.note}</p>
      <CommandButton command="run.cancel" label="Cancel" />
    </div>
  );
}

const choosePlan = (plan: string): void => setResults({ plan });

const countsText = (p: PlanPoint): string =>
  Object.entries(p.counts)
    .map(([storage, n]) => `${n} ${STORAGE_TITLE[storage as keyof typeof STORAGE_TITLE] ?? storage}`)
    .join(', ');

function List({
  points,
  measure,
  chosen,
  automatic,
  fp32,
  onChoose,
}: {
  points: readonly PlanPoint[];
  measure: Measure;
  chosen: string | null;
  automatic: string | null;
  fp32: PlanPoint | undefined;
  onChoose: (id: string) => void;
}) {
  return (
    <ul className="plan-list" aria-label="Plans">
      {points.map((p) => (
        <li key={p.id} data-chosen={p.id === chosen}>
          <button type="button" onClick={() => onChoose(p.id)} data-plan-row={p.id}>
            <i
              className="plan-key"
              data-kind={
                p.choice.kind === 'fp32' ? 'fp32' : Object.keys(p.choice.pins).length > 0 ? 'mixed' : p.choice.kind
              }
            />
            <b>{p.title}</b>
            {p.id === automatic && (
              <IconCircleCheck size={14} className="plan-keeps" aria-label="the fastest that keeps the budget" />
            )}
            <span className="spacer" />
            <span>{timeText(p.latency)}</span>
            <span className="plan-kept">
              {measure === 'top1' ? `${keptBy(p, measure).toFixed(2)} %` : p.cosine.toFixed(5)}
            </span>
          </button>
          {p.id === chosen && (
            <div className="plan-more">
              <p className="muted">
                {countsText(p)} layers
                {fp32 && p !== fp32 ? `; ${(fp32.latency / p.latency).toFixed(2)} times as fast as FP32` : ''}; cosine{' '}
                {p.cosine.toFixed(6)}
              </p>
              <CommandButton command="precision.takePlan" label="Build this plan" />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

/** FP32, INT8 and the mixes between them, measured. */
export function Plans() {
  const report = useStudio((s) => s.precision.plans);
  const comparing = useStudio((s) => s.precision.comparing !== null);
  const stale = useStudio((s) => s.precision.plans !== null && s.precision.plansKey !== plansKeyNow());
  const [wish, setMeasure] = useState<Measure>('top1');
  const shown = useStudio((s) => shownPlan(s)?.id ?? null);
  const points = useMemo(() => report?.points.toSorted((a, b) => b.latency - a.latency) ?? [], [report]);
  if (comparing)
    return (
      <Section title="Accuracy against latency">
        <Running />
      </Section>
    );
  if (!report)
    return (
      <Section title="Accuracy against latency">
        <p className="muted plans-note">
          Builds FP32, INT8 and mixed engines from this graph, runs the samples through each, and times them in turns.
        </p>
        <CommandButton command="precision.plans" icon={<IconChartDots size={14} />} primary />
      </Section>
    );
  const measure: Measure = report.labelled ? wish : 'cosine';
  return (
    <Section title="Accuracy against latency">
      {stale && (
        <div className="stale-box plans-stale">
          Older than your choices. <CommandButton command="precision.plans" label="Compare again" />
        </div>
      )}
      {report.labelled && (
        <SegmentedControl
          size="xs"
          aria-label="Measure of accuracy"
          value={measure}
          onChange={(v) => setMeasure(v as Measure)}
          data={[
            { value: 'top1', label: 'Top-1' },
            { value: 'cosine', label: 'Cosine to FP32' },
          ]}
        />
      )}
      <PlanChart points={points} measure={measure} chosen={shown} automatic={report.automatic} onChoose={choosePlan} />
      <List
        points={points}
        measure={measure}
        chosen={shown}
        automatic={report.automatic}
        fp32={points.find((p) => p.id === 'fp32')}
        onChoose={choosePlan}
      />
      {report.notes.map((n) => (
        <p key={n} className="plans-note">
          {n}
        </p>
      ))}
      <p className="muted plans-note">
        Outputs compared on {plural(report.samples, 'sample')}; medians of engines timed in turns.
      </p>
      {!stale && <CommandButton command="precision.plans" label="Compare again" />}
    </Section>
  );
}
