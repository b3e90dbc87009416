import type { Plan, PlanLayer } from '../plan.ts';
import type { PlanTuner } from '../tuning/tuner.ts';
import { type Schedule, scheduleStreams } from './schedule.ts';

/** What a build did with streams, for its report. */
export interface StreamReport {
  /** Streams that the engine uses, the main one included. */
  readonly used: number;
  /** Layers beside the main stream where they may run on others. */
  readonly moved: number;
  /** Median nanoseconds of a whole run on one stream and on all; absent where nothing was timed. */
  readonly times?: { readonly one: number; readonly all: number };
  /** Why, in a few words. */
  readonly reason: string;
}

export interface StreamChoice {
  readonly schedule: Schedule | null;
  readonly report: StreamReport;
}

/** Auxiliary streams that are tried where nobody says how many. */
export const DEFAULT_AUX_STREAMS = 3;
/** Several streams have to win by this much: a tie is not worth their memory. */
const WORTH = 0.99;

/** What a layer is expected to take: its time, or the kernel's own estimate. */
function timeOf(l: PlanLayer): number {
  const chosen = l.candidates?.find((c) => c.status === 'chosen');
  return chosen?.time?.median ?? l.tactic?.estimate ?? 0;
}

const alone = (reason: string): StreamChoice => ({ schedule: null, report: { used: 1, moved: 0, reason } });

/** Layers whose kernel runs on the host hold up every stream. */
const onHost = (plan: Plan): boolean => plan.layers.some((l) => l.tactic?.name.startsWith('cpu:'));

export interface StreamRequest {
  readonly device: string;
  /** Auxiliary streams at most, as a person asked for; undefined: what measuring finds faster. */
  readonly most: number | undefined;
  readonly tuner: PlanTuner | null;
  /** The header of the engine that the schedule makes. */
  readonly headerOf: (s: Schedule) => Uint8Array;
  /** Writes that engine to a file of its own, for timing, and returns its path. */
  readonly write: (s: Schedule) => Promise<string>;
  readonly onTime: () => void;
}

/**
 * Whether the layers of a plan run on several streams. The whole engine is timed on one and on several and the faster way
 * kept; where that is not to be measured, only a person's word puts layers on other streams.
 */
export async function chooseStreams(plan: Plan, r: StreamRequest): Promise<StreamChoice> {
  if (!r.device.startsWith('cuda')) return alone('only GPUs have streams');
  if (r.most === 0) return alone('auxiliary streams are off');
  if (plan.layers.some((l) => l.regions || l.resolve)) return alone('what runs is decided while running');
  if (onHost(plan)) return alone('layers on the CPU hold up every stream');
  const schedule = scheduleStreams(plan, (r.most ?? DEFAULT_AUX_STREAMS) + 1, timeOf);
  if (!schedule) return alone('no layer could run beside another');
  const moved = schedule.stream.filter((s) => s > 0).length;
  const used = schedule.streams;
  const header = r.headerOf(schedule);
  if (r.tuner && !r.tuner.knownEngine(header) && r.tuner.mayTimeEngines) {
    r.onTime();
    await r.tuner.timeEngine(header, await r.write(schedule));
  }
  const known = r.tuner?.knownEngine(header);
  if (!known) {
    const kept = r.most === undefined ? null : schedule;
    const reason = kept ? 'as asked for; not timed' : 'not timed';
    return { schedule: kept, report: { used: kept ? used : 1, moved: kept ? moved : 0, reason } };
  }
  const { one, all } = known;
  if (!one.ok || !all.ok) return alone(`timing failed: ${one.ok ? (all.ok ? '' : all.error) : one.error}`);
  const wins = all.median < one.median * WORTH;
  const times = { one: one.median, all: all.median };
  const report = { used: wins ? used : 1, moved: wins ? moved : 0, times, reason: wins ? 'faster' : 'not faster' };
  return { schedule: wins ? schedule : null, report };
}

/** Writes a schedule into the plan, or takes the last one out. */
export function applySchedule(plan: Plan, s: Schedule | null): void {
  plan.layers.forEach((l, i) => {
    if (s) Object.assign(l, { stream: s.stream[i], waits: s.waits[i] });
    else Object.assign(l, { stream: 0, waits: [] });
  });
}
