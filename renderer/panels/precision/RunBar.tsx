import { Progress } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { calibrationJob, calibrationStale } from '../../store/precision.ts';
import { useStudio } from '../../store/store.ts';
import { CommandButton } from '../../ui/CommandButton.tsx';
import { countText, plural, secondsText } from '../../ui/format.ts';
import { Convergence } from './Convergence.tsx';

const rateText = (rate: number): string => `${rate < 10 ? rate.toFixed(1) : countText(Math.round(rate))} samples/s`;

function Running() {
  const job = useStudio(calibrationJob);
  const skipped = useStudio((s) => s.precision.live?.skippedCount ?? 0);
  const stopping = useStudio((s) => s.precision.stopping);
  const counting = job?.phase === 'Calibrating';
  const paused = job?.paused ?? false;
  return (
    <div className="run-bar" role="status" aria-label="Calibration progress">
      <div className="run-figures">
        <b>
          {counting
            ? `${countText(job.done)} / ${countText(job.total)} samples`
            : 'Building the network that is watched…'}
        </b>
        {counting && !paused && !stopping && job.rate !== null && <span>{rateText(job.rate)}</span>}
        {counting && !paused && !stopping && job.eta !== null && <span>{secondsText(job.eta)} left</span>}
        {stopping ? <span>Stopping: what was seen is kept…</span> : paused && <span className="tag">paused</span>}
        {skipped > 0 && <span className="run-bad">{plural(skipped, 'sample')} left out</span>}
        <span className="spacer" />
        <CommandButton
          command="precision.pause"
          label={paused ? 'Resume' : 'Pause'}
          icon={paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
        />
        <CommandButton command="precision.cancel" label="Stop" icon={<IconPlayerStop size={14} />} />
      </div>
      <Progress value={job && job.total > 0 ? (100 * job.done) / job.total : 0} size="sm" aria-label="Samples done" />
      <Convergence />
    </div>
  );
}

function Done() {
  const c = useStudio((s) => s.precision.calibration);
  const stale = useStudio(calibrationStale);
  const algorithms = useStudio((s) => s.precision.algorithms);
  const moved = useStudio((s) => Object.keys(s.choices.precision.thresholds).length);
  if (!c) return null;
  const title = algorithms.find((a) => a.name === c.algorithm)?.title ?? c.algorithm;
  const file = c.path.split(/[/\\]/).at(-1);
  const from = c.origin === 'run' ? plural(c.samples, 'sample') : `from ${file}`;
  return (
    <div className="run-bar">
      <div className="run-figures" data-testid="calibration-summary">
        <b>{plural(c.tensors.length, 'range')}</b>
        <span>{from}</span>
        <span className="muted">{title}</span>
        {c.status === 'cancelled' && (
          <span className="run-bad">
            stopped at {countText(c.next)} of {countText(c.total)}
          </span>
        )}
        {c.missing.length > 0 && <span className="run-bad">{plural(c.missing.length, 'tensor')} without a range</span>}
        <span className="spacer" />
        {moved > 0 && <CommandButton command="precision.resetThresholds" label={`Put ${moved} back`} />}
        {c.status === 'cancelled' && <CommandButton command="precision.resume" label="Go on" />}
        {stale && (
          <>
            <span className="stale-note">older than your choices</span>
            <CommandButton command="precision.start" label="Calibrate again" />
          </>
        )}
      </div>
    </div>
  );
}

/** Where the calibration stands. */
export function RunBar() {
  const running = useStudio((s) => s.precision.calibrating !== null);
  return running ? <Running /> : <Done />;
}
