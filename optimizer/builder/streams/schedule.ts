import type { Plan, PlanLayer } from '../plan.ts';
import { dependencies } from './accesses.ts';

/** Which stream every layer runs on, and what it waits for there. */
export interface Schedule {
  /** Streams in use, the main one included. */
  readonly streams: number;
  /** Per layer; 0 is the main stream. Layers of one stream run in the plan's order. */
  readonly stream: readonly number[];
  /** Per layer, layers on other streams that must have ended before it starts; what follows from others is left out. */
  readonly waits: readonly (readonly number[])[];
  /** Per layer and stream, the last layer there that has certainly ended when it starts; -1 = none. */
  readonly ended: readonly (readonly number[])[];
}

/** Nanoseconds by which a layer starts later for waiting on another stream than for following on its own. */
const EDGE = 1500;

/**
 * Spreads layers that do not need each other over streams: in the plan's order, each on the stream where it can start first
 * (list scheduling with `time` as the layers' durations, after Graham 1966); among equals where the last of what it needs
 * ran. Null when at most one stream is allowed or nothing would run beside anything else.
 */
export function scheduleStreams(plan: Plan, most: number, time: (l: PlanLayer) => number): Schedule | null {
  if (most < 2) return null;
  const needs = dependencies(plan);
  const stream: number[] = [];
  const end: number[] = [];
  const free: number[] = new Array<number>(most).fill(0);
  plan.layers.forEach((l, i) => {
    const start = (s: number): number =>
      needs[i]!.reduce((t, d) => Math.max(t, end[d]! + (stream[d] === s ? 0 : EDGE)), free[s]!);
    const last = needs[i]!.reduce((a, d) => (a < 0 || end[d]! > end[a]! ? d : a), -1);
    let best = last < 0 ? 0 : stream[last]!;
    for (let s = 0; s < most; s++) if (start(s) < start(best)) best = s;
    const t = start(best) + time(l);
    stream.push(best);
    end.push(t);
    free[best] = t;
  });
  if (stream.every((s) => s === stream[0])) return null;
  return ordered(needs, renumbered(stream));
}

/** Streams by first use: the first layer runs on the main one. */
function renumbered(stream: readonly number[]): number[] {
  const names = [...new Set(stream)];
  return stream.map((s) => names.indexOf(s));
}

/** Adds the waits that the dependencies need beyond the order within each stream (vector clocks, after Fidge and Mattern). */
function ordered(needs: readonly (readonly number[])[], stream: readonly number[]): Schedule {
  const streams = Math.max(...stream) + 1;
  const ended: number[][] = [];
  const waits: number[][] = [];
  const last = new Array<number>(streams).fill(-1);
  const after = (clock: number[], layer: number): void => {
    ended[layer]!.forEach((e, s) => {
      clock[s] = Math.max(clock[s]!, e);
    });
    const own = stream[layer]!;
    clock[own] = Math.max(clock[own]!, layer);
  };
  needs.forEach((list, i) => {
    const own = stream[i]!;
    const clock = new Array<number>(streams).fill(-1);
    if (last[own]! >= 0) after(clock, last[own]!);
    const waiting: number[] = [];
    // The latest first: waiting for it often answers for the earlier ones.
    for (const d of list.toSorted((a, b) => b - a)) {
      if (clock[stream[d]!]! >= d) continue;
      waiting.push(d);
      after(clock, d);
    }
    ended.push(clock);
    waits.push(waiting.sort((a, b) => a - b));
    last[own] = i;
  });
  return { streams, stream, waits, ended };
}

/** Whether layer `a` has certainly ended when layer `b` starts. */
export const precedes = (s: Schedule, a: number, b: number): boolean => s.ended[b]![s.stream[a]!]! >= a;
