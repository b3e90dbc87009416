import { PauseGate } from '../../../optimizer/calibration/pauseGate.ts';
import { HostError } from '../../ipc/protocol.ts';
import type { JobSnapshot } from '../../ipc/schemas/common.ts';

/** Snapshots a second at most; the latest wins. */
const INTERVAL_MS = 100;

/** Measured by the work itself, where a mean over the phase would be wrong (pauses, a build before). */
export interface Speed {
  readonly rate: number | null;
  readonly eta: number | null;
}

export interface JobProgress {
  /** Reports the state of a phase: `done` of `total` units, and what is being worked on. */
  report(phase: string, done: number, total: number, note?: string, speed?: Speed): void;
  readonly signal: AbortSignal;
  /** Closed while the job is paused: work that can wait passes it between its steps. */
  readonly gate: PauseGate;
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

interface Running {
  readonly controller: AbortController;
  readonly gate: PauseGate;
  readonly send: (change: Partial<JobSnapshot>) => void;
}

/** Runs long work under an id, with throttled progress, pause and cancellation. */
export class Jobs {
  private readonly running = new Map<string, Running>();
  private readonly options: JobOptions;

  constructor(options: JobOptions) {
    this.options = options;
  }

  cancel(job: string): boolean {
    const found = this.running.get(job);
    found?.controller.abort();
    return found !== undefined;
  }

  pause(job: string, paused: boolean): boolean {
    const found = this.running.get(job);
    if (!found) return false;
    if (paused) found.gate.pause();
    else found.gate.resume();
    found.send({ paused });
    return true;
  }

  /** Fails as "cancelled" when it was, unless `keeps`: then what the work returned is still its result. */
  async run<T>(
    job: string,
    kind: JobSnapshot['kind'],
    title: string,
    work: (progress: JobProgress) => Promise<T> | T,
    keeps = false,
  ): Promise<T> {
    const now = this.options.now ?? (() => performance.now());
    const controller = linkedSignal(() => this.options.isCancelled(job));
    const gate = new PauseGate();
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
      paused: false,
      state: 'running',
      error: null,
    };
    const send = (change: Partial<JobSnapshot>): void => {
      snapshot = { ...snapshot, ...change };
      this.options.onJob(snapshot);
    };
    this.running.set(job, { controller, gate, send });
    const report: JobProgress['report'] = (phase, done, total, note = '', speed) => {
      const t = now();
      if (phase !== snapshot.phase) phaseStart = t;
      const seconds = (t - phaseStart) / 1000;
      const mean = done > 0 && seconds > 0.2 ? done / seconds : null;
      const { rate, eta } = speed ?? { rate: mean, eta: mean === null ? null : Math.max(0, (total - done) / mean) };
      const next = { phase, done, total, note, rate, eta };
      if (t - last < INTERVAL_MS && phase === snapshot.phase) {
        snapshot = { ...snapshot, ...next };
        return;
      }
      last = t;
      send(next);
    };
    send({});
    try {
      const result = await work({ report, signal: controller.signal, gate });
      if (!controller.signal.aborted) send({ state: 'done', done: snapshot.total, paused: false });
      else if (keeps) send({ state: 'cancelled', paused: false });
      else throw new HostError('cancelled', `${title} was cancelled.`);
      return result;
    } catch (e) {
      const cancelled = controller.signal.aborted;
      const message = cancelled ? `${title} was cancelled.` : e instanceof Error ? e.message : String(e);
      send({ state: cancelled ? 'cancelled' : 'failed', error: cancelled ? null : message, paused: false });
      throw cancelled ? new HostError('cancelled', message) : e;
    } finally {
      this.running.delete(job);
    }
  }
}
