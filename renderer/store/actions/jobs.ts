import type { JobSnapshot } from '../../../electron/ipc/schemas/common.ts';
import { host } from '../../host/connection.ts';
import { get, set } from '../store.ts';

const KEPT = 30;
let next = 1;
export const newJob = (kind: string): string => `${kind}-${next++}`;

export function onJob(snapshot: JobSnapshot): void {
  const others = get().jobs.filter((j) => j.job !== snapshot.job);
  set({ jobs: [snapshot, ...others].slice(0, KEPT) });
}

/** Asks the host to stop a job; the job's own call then fails as cancelled. */
export async function cancelJob(job: string): Promise<void> {
  await host().cancel({ job });
}
export const runningJob = (jobs: readonly JobSnapshot[]): JobSnapshot | undefined =>
  jobs.find((j) => j.state === 'running');
