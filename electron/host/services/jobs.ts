import { HostError } from '../../ipc/protocol.ts';
import type { JobSnapshot } from '../../ipc/schemas/common.ts';

/** Snapshots a second at most; the latest wins. */
const INTERVAL_MS = 100;

export interface JobProgress {
  /** Reports the state of a phase: `done` of `total` units, and what is being worked on. */
  report(phase: string, done: number, total: number, note?: string): void;
  readonly signal: AbortSignal;
}

export interface JobOptions {
  onJob(snapshot: JobSnapshot): void;
  /** Whether a flag outside this thread asks the job to stop. */
  isCancelled(job: string): boolean;
  now?(): number;
}

/**
 * A signal that also looks at `isCancelled` whenever it is asked: synchronous work polls it (by `aborted` or
 * `throwIfAborted`) without an event loop that could deliver a message.
 */
function linkedSignal(isCancelled: () => boolean): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  const own = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')?.get;
  const isAborted = (): boolean => own?.call(signal) === true;
  const look = (): boolean => {
    if (!isAborted() && isCancelled()) controller.abort();
    return isAborted();
  };
  Object.defineProperty(signal, 'aborted', { get: look });
  Object.defineProperty(signal, 'throwIfAborted', {
    value: () => {
      if (look()) throw signal.reason;
    },
  });
  return controller;
}

/** Runs long work under an id, with throttled progress and cancellation. */
export class Jobs {
  private readonly running = new Map<string, AbortController>();
  private readonly options: JobOptions;

  constructor(options: JobOptions) {
    this.options = options;
  }

  cancel(job: string): boolean {
    const controller = this.running.get(job);
    controller?.abort();
    return controller !== undefined;
  }

  async run<T>(
    job: string,
    kind: JobSnapshot['kind'],
    title: string,
    work: (progress: JobProgress) => Promise<T> | T,
  ): Promise<T> {
    const now = this.options.now ?? (() => performance.now());
    const controller = linkedSignal(() => this.options.isCancelled(job));
    this.running.set(job, controller);
    let last = Number.NEGATIVE_INFINITY;
    let phaseStart = now();
    let snapshot: JobSnapshot = {
      job,
      kind,
      title,
      phase: '',
      done: 0,
      total: 0,
      rate: null,
      eta: null,
      note: '',
      state: 'running',
      error: null,
    };
    const send = (change: Partial<JobSnapshot>): void => {
      snapshot = { ...snapshot, ...change };
      this.options.onJob(snapshot);
    };
    const report = (phase: string, done: number, total: number, note = ''): void => {
      const t = now();
      if (phase !== snapshot.phase) phaseStart = t;
      const seconds = (t - phaseStart) / 1000;
      const rate = done > 0 && seconds > 0.2 ? done / seconds : null;
      const next = { phase, done, total, note, rate, eta: rate === null ? null : Math.max(0, (total - done) / rate) };
      if (t - last < INTERVAL_MS && phase === snapshot.phase) {
        snapshot = { ...snapshot, ...next };
        return;
      }
      last = t;
      send(next);
    };
    send({});
    try {
      const result = await work({ report, signal: controller.signal });
      if (controller.signal.aborted) throw new HostError('cancelled', `${title} was cancelled.`);
      send({ state: 'done', done: snapshot.total });
      return result;
    } catch (e) {
      const cancelled = controller.signal.aborted;
      const message = cancelled ? `${title} was cancelled.` : e instanceof Error ? e.message : String(e);
      send({ state: cancelled ? 'cancelled' : 'failed', error: cancelled ? null : message });
      throw cancelled ? new HostError('cancelled', message) : e;
    } finally {
      this.running.delete(job);
    }
  }
}
