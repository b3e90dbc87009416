import { cosineBudget, top1Budget } from '../optimizer/builder/budgets.ts';
import type { BuildOptions } from '../optimizer/builder/build.ts';
import { type Feed, Feeder, feedOf, inputSpecs } from '../optimizer/builder/feed.ts';
import { hashFile } from '../optimizer/builder/hashFile.ts';
import type { Storage } from '../optimizer/builder/planSearch/format.ts';
import type { PrecisionPolicy } from '../optimizer/builder/planSearch/storages.ts';
import { PERMITTED, PIN_KINDS, type PinKind, type Pins, precisionPolicy } from '../optimizer/builder/precision.ts';
import { type Budget, type PrecisionChoice, searchPrecision } from '../optimizer/builder/precisionSearch.ts';
import type { Inputs, SensitivityOptions } from '../optimizer/builder/sensitivity.ts';
import { readRanges } from '../optimizer/calibration/cache/file.ts';
import type { SampleSource } from '../optimizer/calibration/data/source.ts';
import { Ranges } from '../optimizer/calibration/rangeTable.ts';
import type { Optimized } from '../optimizer/passes/pass.ts';
import type { NativeRuntime } from '../optimizer/runtime.ts';
import { type DataFlags, openSamples } from './dataOptions.ts';
import { UsageError } from './exit.ts';
import { parseCount, parsePairs } from './options.ts';
import type { Progress } from './progress.ts';

export interface PrecisionFlags extends Omit<DataFlags, 'data'> {
  precision: string;
  calibration?: string;
  pin: string[];
  data?: string;
  cosine?: string;
  accuracyDrop?: string;
  scoreOutput?: string;
  batch: string;
}

export interface PrecisionContext {
  readonly runtime: NativeRuntime;
  readonly device: string;
  readonly threads: number;
  readonly sizes: BuildOptions['ranges'];
  readonly build: NonNullable<SensitivityOptions['build']>;
  readonly stop: AbortSignal;
  readonly progress: Progress;
}

function permittedBy(name: string): readonly Storage[] {
  const found = Object.entries(PERMITTED).find(([kind]) => kind === name);
  if (!found) throw new UsageError(`--precision ${name}: give ${Object.keys(PERMITTED).join(', ')}`);
  return found[1];
}

export function parsePins(flags: readonly string[]): Pins {
  const pins: Record<PinKind, string[]> = { fp32: [], bf16: [], fp16: [], float: [], int8: [] };
  for (const [name, text] of Object.entries(parsePairs('--pin', flags))) {
    const kind = PIN_KINDS.find((k) => k === text);
    if (!kind) throw new UsageError(`--pin ${name}=${text}: give fp32, fp16, bf16, int8 or float (anything but INT8)`);
    pins[kind].push(name);
  }
  return pins;
}

/** A number option within bounds. */
export function parseNumber(option: string, text: string, low: number, high: number): number {
  const n = Number(text);
  if (!(n >= low && n <= high)) throw new UsageError(`${option} ${text}: give a number from ${low} to ${high}`);
  return n;
}

/** All samples of a source as inputs of runs. */
export async function readInputs(source: SampleSource, feed: Feed): Promise<Inputs[]> {
  const feeder = new Feeder(source, feed);
  const samples: Inputs[] = [];
  for (let batch = await feeder.next(); batch; batch = await feeder.next()) samples.push(batch.inputs);
  return samples;
}

/** What --precision, --calibration, --pin and the budget add up to; policy null = everything as the model has it. */
export async function choosePrecision(
  optimized: Optimized,
  flags: PrecisionFlags,
  c: PrecisionContext,
): Promise<{ policy: PrecisionPolicy | null; choice: PrecisionChoice | null; budget: Budget | null }> {
  const permitted = permittedBy(flags.precision);
  const pins = parsePins(flags.pin);
  const { graph } = optimized;
  if (flags.calibration === undefined && (permitted.includes('int8') || (pins.int8?.length ?? 0) > 0)) {
    const what = permitted.includes('int8') ? `--precision ${flags.precision}` : '--pin NAME=int8';
    throw new UsageError(`${what} needs --calibration FILE; \`sinter calibrate\` makes one from sample data`);
  }
  const ranges =
    flags.calibration === undefined
      ? null
      : new Ranges(readRanges(flags.calibration, await hashFile(graph.files[0]?.path, c.stop)));
  const budgeted = flags.cosine !== undefined || flags.accuracyDrop !== undefined;
  if (!budgeted) {
    if (flags.precision === 'mixed')
      throw new UsageError('--precision mixed needs a budget: --data PATH with --cosine 0.99 or --accuracy-drop 0.5');
    const pinned = Object.values(pins).some((list) => (list?.length ?? 0) > 0);
    const policy = permitted.length === 0 && !pinned ? null : precisionPolicy(graph, ranges, pins, permitted);
    return { policy, choice: null, budget: null };
  }
  if (flags.cosine !== undefined && flags.accuracyDrop !== undefined)
    throw new UsageError('--cosine and --accuracy-drop are two budgets: give one');
  if (permitted.length === 0) throw new UsageError('a budget has nothing to choose from with --precision fp32');
  if (flags.data === undefined) throw new UsageError('a budget needs --data PATH: the samples it is measured on');
  const { runtime, device, threads, stop, progress } = c;
  const feed = feedOf(inputSpecs(graph), parseCount('--batch', flags.batch, 1));
  const source = await openSamples({ ...flags, data: flags.data }, feed.inputs);
  try {
    const samples = await readInputs(source, feed);
    const common = {
      runtime,
      device,
      threads,
      ranges,
      samples,
      stop,
      build: c.build,
      ...(c.sizes ? { sizes: c.sizes } : {}),
    };
    const budget =
      flags.accuracyDrop === undefined
        ? cosineBudget(optimized, common, parseNumber('--cosine', flags.cosine!, 0, 1))
        : await top1Budget(optimized, {
            ...common,
            source,
            feed,
            output: flags.scoreOutput ?? graph.value(graph.outputs[0]!).name,
            drop: parseNumber('--accuracy-drop', flags.accuracyDrop, 0, 100),
            onProgress: (done, total) => progress.show('evaluate', done, total, ''),
          });
    const choice = await searchPrecision(optimized, {
      ...common,
      permitted,
      pins,
      budget,
      onProgress: (p) => progress.show(p.phase, p.done, p.total, p.note),
    });
    progress.clear();
    return { policy: choice.policy, choice, budget };
  } finally {
    progress.clear();
    await source.close();
  }
}

/** What a search chose, in lines. */
export function choiceLines(choice: PrecisionChoice, budget: Budget): string[] {
  const lines = [`accuracy: ${budget.describe(choice.score)}, at least ${budget.describe(budget.least)} allowed`];
  if (choice.kept.length === 0) return [...lines, 'nothing has to stay in FP32'];
  for (const k of choice.kept)
    lines.push(`${k.precision.toUpperCase()}  ${k.name} (${k.sources.join(' ')}): ${k.reason}`);
  const pins = choice.kept.flatMap((k) => k.sources.map((s) => `--pin ${s}=${k.precision}`));
  return [...lines, `the same without measuring: ${[...new Set(pins)].join(' ')}`];
}
