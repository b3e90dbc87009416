import { Progress } from '@mantine/core';
import { evaluateJob, isLabelled, STORAGE_TITLE, storageOf } from '../../store/precision.ts';
import { isStale } from '../../store/state.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { Section, Stat } from '../../ui/Frame.tsx';
import { countText, plural } from '../../ui/format.ts';

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function Running() {
  const job = useStudio(evaluateJob);
  return (
    <div role="status" className="plans-running">
      <p>
        {job && job.total > 0 ? `${countText(job.done)} of ${countText(job.total)} samples` : 'Starting'}
        {job?.note ? `, ${job.note}` : ''}
      </p>
      <Progress value={job && job.total > 0 ? (100 * job.done) / job.total : 0} aria-label="Samples evaluated" />
      <CommandButton command="run.cancel" label="Cancel" />
    </div>
  );
}

/** Top-1 and top-5 of the built engine on the labelled samples: the figures of `sinter evaluate`. */
export function Evaluate() {
  const build = useStudio((s) => s.build);
  const accuracy = useStudio((s) => s.precision.accuracy);
  const of = useStudio((s) => s.precision.accuracyOf);
  const running = useStudio((s) => s.precision.evaluating !== null);
  const labelled = useStudio(isLabelled);
  const stale = useStudio(isStale);
  const older = accuracy !== null && (stale || build?.engine !== of);
  const int8 = build?.report.layers.filter((l) => l.op !== 'Copy' && storageOf(l) === 'int8').length ?? 0;
  return (
    <Section title="Accuracy of the engine">
      {running ? (
        <Running />
      ) : (
        <>
          {accuracy && (
            <>
              <div className="stats" data-testid="accuracy">
                <Stat label="top-1" value={percent(accuracy.top1)} />
                <Stat label="top-5" value={percent(accuracy.top5)} />
                <Stat label="samples" value={countText(accuracy.count)} />
              </div>
              <p className="muted plans-note">
                {accuracy.description}, {plural(accuracy.classes, 'class', 'classes')}, output "{accuracy.output}"
                {accuracy.skipped.length > 0 ? `; ${plural(accuracy.skipped.length, 'sample')} left out` : ''}.
              </p>
              {older && <p className="stale-note plans-note">Of an engine older than your choices.</p>}
            </>
          )}
          {!accuracy && (
            <p className="muted plans-note">
              {build === null
                ? 'Build an engine to measure how often it is right.'
                : labelled
                  ? `The engine computes ${int8 > 0 ? `${plural(int8, 'layer')} in ${STORAGE_TITLE.int8}` : 'in FP32'}.`
                  : 'Needs labelled samples: a folder per class, a column of labels, or a file of labels.'}
            </p>
          )}
          {build === null ? (
            <CommandButton command="run.build" />
          ) : labelled ? (
            <CommandButton command="precision.evaluate" label={accuracy ? 'Evaluate again' : 'Evaluate'} />
          ) : (
            <CommandButton command="precision.labels" label="Labels…" />
          )}
        </>
      )}
    </Section>
  );
}
