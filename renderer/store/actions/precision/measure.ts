import type { Storage } from '../../../../electron/ipc/schemas/precision.ts';
import { host } from '../../../host/connection.ts';
import { busy } from '../../idle.ts';
import { shownPlan, testChoice } from '../../precision.ts';
import { rangesKey } from '../../state.ts';
import { get } from '../../store.ts';
import { threadsOf } from '../engine.ts';
import { newJob } from '../jobs.ts';
import { notify, sentence, wasCancelled } from '../notify.ts';
import { tuningNow } from '../tuning.ts';
import { currentRanges } from './ranges.ts';
import { choosePrecision, setResults } from './results.ts';

/** What a ranking of layers depends on. */
export function sensitivityKeyNow(): string {
  const { choices, trace } = get();
  return JSON.stringify([
    rangesKey(get()),
    testChoice(choices.precision),
    trace?.revision,
    choices.shapes,
    choices.device,
  ]);
}
/** What a comparison of plans depends on. */
export const plansKeyNow = (): string => {
  const { precision, tuning } = get().choices;
  return JSON.stringify([
    sensitivityKeyNow(),
    precision.pins,
    precision.budget,
    tuning.level,
    tuning.forbid,
    tuning.auxStreams,
    tuning.timings,
    tuning.deterministic,
  ]);
};

/** What every measurement needs; null, with a sentence, while something is missing. */
function request() {
  const { model, choices } = get();
  const ranges = currentRanges();
  const data = testChoice(choices.precision);
  if (!model) return null;
  if (!ranges) {
    notify('warning', 'There are no ranges yet; calibrate, or open a calibration cache.', 'precision.start');
    return null;
  }
  if (!data) {
    notify('warning', 'Choose samples to measure on.', 'precision.dataFolder');
    return null;
  }
  const open = model.symbols.filter((s) => !choices.shapes[s]);
  if (open.length > 0) {
    const which = open.map((s) => `"${s}"`).join(' and ');
    notify('warning', `Give dimension ${which} a size first: engines are measured at one.`, 'step.build');
    return null;
  }
  const { device, shapes } = choices;
  return { model: model.model, data, ranges, device, shapes: { ...shapes }, threads: threadsOf() };
}

/** Puts one layer after the other into INT8 and measures what that costs and wins. */
export async function rankLayers(): Promise<void> {
  const params = get().precision.ranking === null ? request() : null;
  if (!params) return;
  const job = newJob('sensitivity');
  const key = sensitivityKeyNow();
  setResults({ ranking: job });
  try {
    setResults({ sensitivity: await busy(host().sensitivity({ ...params, job })), sensitivityKey: key });
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'precision.rank');
  } finally {
    if (get().precision.ranking === job) setResults({ ranking: null });
  }
}

/** Builds, runs and times FP32, INT8 and mixed plans. */
export async function comparePlans(): Promise<void> {
  const params = get().precision.comparing === null ? request() : null;
  if (!params) return;
  const job = newJob('plans');
  const key = plansKeyNow();
  const { pins, budget } = get().choices.precision;
  setResults({ comparing: job });
  try {
    const tuning = tuningNow();
    const plans = await busy(host().plans({ ...params, pins: { ...pins }, budget, tuning, job }));
    setResults({ plans, plansKey: key, plan: null });
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'precision.plans');
  } finally {
    if (get().precision.comparing === job) setResults({ comparing: null });
  }
}

/** Takes the plan looked at over: its kind and its pins are what is built from now on. */
export function takePlan(): void {
  const plan = shownPlan(get());
  if (!plan) return;
  choosePrecision({ kind: plan.choice.kind, pins: plan.choice.pins });
  notify('info', `${plan.title} is what will be built now.`, 'run.all');
}

/** Pins the layer of these operators, or leaves it free again. */
export function pin(sources: readonly string[], to: Storage | null): void {
  if (sources.length === 0) return;
  const mine = new Set(sources);
  const others = Object.entries(get().choices.precision.pins).filter(([s]) => !mine.has(s));
  const added = to === null ? [] : sources.map((s) => [s, to] as const);
  choosePrecision({ pins: Object.fromEntries([...others, ...added]) });
}
export function clearPins(): void {
  choosePrecision({ pins: {} });
}

/** Top-1 and top-5 of the engine that was built. */
export async function evaluate(): Promise<void> {
  const { build, choices, precision } = get();
  const data = testChoice(choices.precision);
  if (precision.evaluating !== null) return;
  if (!build) return notify('warning', 'There is no engine yet; build one first.', 'run.build');
  if (!data) return notify('warning', 'Choose labelled samples first.', 'precision.dataFolder');
  const job = newJob('evaluate');
  setResults({ evaluating: job });
  try {
    const accuracy = await busy(host().evaluate({ engine: build.engine, data, job }));
    setResults({ accuracy, accuracyOf: build.engine });
  } catch (e) {
    if (!wasCancelled(e)) notify('error', sentence(e), 'precision.labels');
  } finally {
    if (get().precision.evaluating === job) setResults({ evaluating: null });
  }
}
