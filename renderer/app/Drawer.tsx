import { ActionIcon, Progress, Tabs } from '@mantine/core';
import { IconPlayerStop } from '@tabler/icons-react';
import { cancelJob } from '../store/actions/jobs.ts';
import { select } from '../store/actions/select.ts';
import { useStudio } from '../store/store.ts';
import { Empty } from '../ui/Frame.tsx';

const STATE = { running: 'running', done: 'done', failed: 'failed', cancelled: 'cancelled' };

function Jobs() {
  const jobs = useStudio((s) => s.jobs);
  if (jobs.length === 0) return <Empty text="Nothing has run yet." />;
  return (
    <ul className="rows" aria-label="Jobs">
      {jobs.map((j) => (
        <li key={j.job} className="row">
          <span className="job-title">{j.title}</span>
          <Progress
            w={140}
            size="sm"
            value={j.total > 0 ? (100 * j.done) / j.total : j.state === 'running' ? 5 : 100}
          />
          <span className="muted">{j.state === 'running' ? `${j.phase} ${j.note}` : (j.error ?? STATE[j.state])}</span>
          {j.state === 'running' && (
            <ActionIcon size="sm" aria-label={`Cancel ${j.title}`} onClick={() => void cancelJob(j.job)}>
              <IconPlayerStop size={14} />
            </ActionIcon>
          )}
        </li>
      ))}
    </ul>
  );
}

function Log() {
  const log = useStudio((s) => s.log);
  if (log.length === 0) return <Empty text="The log is empty." />;
  return (
    <ul className="rows mono" aria-label="Log">
      {log.toReversed().map((l) => (
        <li key={l.id} className="row" data-level={l.level}>
          <span className="muted">{new Date(l.at).toTimeString().slice(0, 8)}</span>
          <span className="selectable">{l.text}</span>
        </li>
      ))}
    </ul>
  );
}

function Problems() {
  const problems = useStudio((s) => s.model?.problems);
  if (!problems || problems.length === 0) return <Empty text="No problems found." />;
  return (
    <ul className="rows" aria-label="Problems">
      {problems.map((p) => (
        <li key={p.text} className="row" data-level={p.severity}>
          <button type="button" className="link" onClick={() => select(p.sources, null)}>
            {p.text}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Jobs, log and problems. */
export function Drawer() {
  const problems = useStudio((s) => s.model?.problems.length ?? 0);
  return (
    <aside className="drawer" aria-label="Drawer">
      <Tabs defaultValue={problems > 0 ? 'problems' : 'jobs'} className="drawer-tabs">
        <Tabs.List>
          <Tabs.Tab value="jobs">Jobs</Tabs.Tab>
          <Tabs.Tab value="log">Log</Tabs.Tab>
          <Tabs.Tab value="problems">Problems ({problems})</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="jobs">
          <Jobs />
        </Tabs.Panel>
        <Tabs.Panel value="log">
          <Log />
        </Tabs.Panel>
        <Tabs.Panel value="problems">
          <Problems />
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
}
