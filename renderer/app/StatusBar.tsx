import { Progress, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconLayoutBottombar } from '@tabler/icons-react';
import { runningJob } from '../store/actions/jobs.ts';
import { get, set, useStudio } from '../store/store.ts';
import { plural, secondsText } from '../ui/format.ts';

const WORDS = { connecting: 'Starting the engine host…', ready: '', lost: 'The engine host is not running' };

/** The machine, what is running, and the way to the drawer. */
export function StatusBar() {
  const job = useStudio((s) => runningJob(s.jobs));
  const connection = useStudio((s) => s.connection);
  const device = useStudio(
    (s) => s.machine?.devices.find((d) => d.id === s.choices.device) ?? s.machine?.devices[0] ?? null,
  );
  const problems = useStudio((s) => s.model?.problems.length ?? 0);
  return (
    <footer className="status">
      <span className="status-item">
        {WORDS[connection] ||
          (device
            ? `${device.name} · ${plural(device.cores, device.kind === 'cpu' ? 'core' : 'multiprocessor')}`
            : 'No native runtime')}
      </span>
      <div className="spacer" />
      {job && (
        <span className="status-item" role="status" aria-label={job.title}>
          {job.title}: {job.phase} {job.total > 1 ? `${job.done} / ${job.total}` : ''}
          {job.eta !== null && job.eta > 1 ? ` · ${secondsText(job.eta)} left` : ''}
          <Progress
            w={120}
            size="sm"
            value={job.total > 0 ? (100 * job.done) / job.total : 100}
            animated={job.total === 0}
          />
        </span>
      )}
      {problems > 0 && (
        <UnstyledButton className="status-item" onClick={() => set({ drawerOpen: true })}>
          <IconAlertTriangle size={14} /> {plural(problems, 'problem')}
        </UnstyledButton>
      )}
      <UnstyledButton
        className="status-item"
        aria-label="Jobs, log and problems"
        title="Jobs, log and problems (Ctrl+J)"
        onClick={() => set({ drawerOpen: !get().drawerOpen })}
      >
        <IconLayoutBottombar size={16} />
      </UnstyledButton>
    </footer>
  );
}
