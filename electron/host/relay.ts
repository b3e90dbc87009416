import * as z from 'zod';
import { toHost, toWindow } from '../ipc/protocol.ts';

const withJob = z.object({ job: z.string() });

/** What a message passing through the host says about a job: it starts one, cancels one, or reports one ended. */
export function jobOf(message: unknown): { id: string; starts: boolean; cancel: boolean; ended: boolean } | null {
  const down = toHost.safeParse(message);
  if (down.success && down.data.t === 'call') {
    const params = withJob.safeParse(down.data.params);
    if (!params.success) return null;
    const cancel = down.data.method === 'cancel';
    return { id: params.data.job, starts: !cancel, cancel, ended: false };
  }
  const up = toWindow.safeParse(message);
  if (up.success && up.data.t === 'job') {
    const { job, state } = up.data.snapshot;
    return { id: job, starts: false, cancel: false, ended: state !== 'running' };
  }
  return null;
}

/**
 * Why a process that holds a graphics card can do no more with it; null where the message says nothing of the kind. The
 * driver gives a process that has lost its card (native/cuda/context.cpp) nothing more: another process must take over.
 */
export function lostDevice(message: unknown): string | null {
  const up = toWindow.safeParse(message);
  if (!up.success || up.data.t !== 'error') return null;
  const text = up.data.error.message;
  return text.includes('it has lost what it held') || text.includes('does not come back to this process') ? text : null;
}
