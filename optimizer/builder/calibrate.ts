import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { RangeAlgorithm } from '../calibration/algorithms/index.ts';
import { CalibrationFileError } from '../calibration/cache/error.ts';
import { checkModel, type RunState, readCalibrationFile, writeCalibrationFile } from '../calibration/cache/file.ts';
import type { Batch } from '../calibration/data/batch.ts';
import { floatsOf } from '../calibration/data/convert.ts';
import type { SampleSource } from '../calibration/data/source.ts';
import { Histogram } from '../calibration/histogram.ts';
import type { PauseGate } from '../calibration/pauseGate.ts';
import { entryOf, type RangeEntry, type RangeTable } from '../calibration/rangeTable.ts';
import { Observers, type Taps, tapsOf, unobserved } from '../calibration/taps.ts';
import type { ValueId } from '../ir/graph.ts';
import type { Optimized } from '../passes/pass.ts';
import type { ExecutionContext, NativeRuntime, Tensor } from '../runtime.ts';
import { buildEngine } from './build.ts';
import { Feeder, feedOf, inputSpecs, nothingGood, rangesFrom, type Skipped } from './feed.ts';
import { hashFile } from './hashFile.ts';
import type { DimRange } from './plan.ts';
import { Rate } from './rate.ts';
import type { BuildProgress } from './report.ts';

export interface CalibrateOptions {
  readonly runtime: NativeRuntime;
  readonly threads: number;
  readonly device?: string;
  /** Opened with the inputs of `feedOf(inputSpecs(graph), batch)`. The caller closes it. */
  readonly source: SampleSource;
  readonly algorithm: RangeAlgorithm;
  /** Samples at once where the model leaves its first size open; 1 by default. */
  readonly batch?: number;
  /** Cache file, written at the end and, as a checkpoint, while the run goes on and when it is cancelled. */
  readonly cache?: string;
  /** Goes on from the checkpoint in `cache`, if there is one. Refused when it is of another model or other samples. */
  readonly resume?: boolean;
  /** Seconds between checkpoints; 10 by default. */
  readonly checkpointSeconds?: number;
  readonly gate?: PauseGate;
  readonly stop?: AbortSignal;
  readonly onProgress?: (p: CalibrationProgress) => void;
  /** The temporary engine's build. */
  readonly onBuild?: (p: BuildProgress) => void;
}

export interface CalibrationProgress {
  /** Samples read (bad ones too) of all. */
  readonly done: number;
  readonly total: number;
  readonly skipped: number;
  /** What was left out so far, a sentence each. */
  readonly problems: readonly Skipped[];
  /** Samples per second, and seconds left; null until known. Pauses do not count. */
  readonly rate: number | null;
  readonly eta: number | null;
  /** The ranges as they are now, with histograms: of all values, or of those named (cheap enough for a live display). */
  live(only?: ReadonlySet<string>): RangeTable;
}

export interface CalibrationResult {
  /** cancelled: the ranges of the samples seen so far, which the checkpoint holds too. */
  readonly status: 'complete' | 'cancelled';
  /** With histograms: another algorithm or threshold needs no data (rangeTable.ts, recalibrate). */
  readonly table: RangeTable;
  readonly run: RunState;
  readonly skipped: readonly Skipped[];
  /** What is not observed, and tensors with NaN or infinite values: one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Finds the ranges of all values between the layers of an optimized graph by running samples through a temporary FP32
 * engine that gives these values out; the fusions are those of the graph. Memory is a histogram per value and the samples in
 * flight, however many samples there are. Throws DataError, CalibrationFileError, BuildError, RuntimeFailure; what was
 * seen before an error is in the checkpoint.
 */
export async function calibrate(optimized: Optimized, o: CalibrateOptions): Promise<CalibrationResult> {
  const stop = o.stop ?? new AbortController().signal;
  const { graph } = optimized;
  const model = { name: graph.name, hash: await hashFile(graph.files[0]?.path, stop) };
  const taps = tapsOf(graph);
  const saved = savedRun(o, model, taps);
  const observers = new Observers(taps, saved?.histograms);
  const feed = feedOf(inputSpecs(graph), o.batch);
  const feeder = new Feeder(o.source, feed, saved?.run.next ?? 0);
  const total = o.source.length;
  const rate = new Rate();
  const odd = new Map<string, string>();
  let seen = saved?.run.seen ?? 0;
  let next = feeder.position;

  const run = (): RunState => ({ source: o.source.fingerprint, next, total, seen });
  const live = (only?: ReadonlySet<string>): RangeTable => ({
    algorithm: o.algorithm.name,
    samples: seen,
    modelHash: model.hash,
    entries: [...observers.all(only)].map(([name, h]) => entryOf(name, h.snapshot(), o.algorithm, true)),
  });
  // The algorithm takes milliseconds a tensor: events are let in between, so that a person can cancel or watch.
  let made: { seen: number; table: RangeTable } | null = null;
  const table = async (): Promise<RangeTable> => {
    if (made?.seen === seen) return made.table;
    const entries: RangeEntry[] = [];
    for (const [name, h] of observers.all()) {
      entries.push(entryOf(name, h.snapshot(), o.algorithm, true));
      if (entries.length % 4 === 0) await setImmediate();
    }
    made = { seen, table: { ...live(new Set()), entries } };
    return made.table;
  };
  const save = async (): Promise<void> => {
    if (o.cache !== undefined && seen > 0) writeCalibrationFile(o.cache, { model, run: run(), table: await table() });
  };
  const result = async (status: CalibrationResult['status']): Promise<CalibrationResult> => ({
    status,
    table: await table(),
    run: run(),
    skipped: feeder.skipped,
    warnings: [...unobserved(graph), ...odd.values()],
  });

  let engine: Tapped | null = null;
  let savedAt = performance.now();
  try {
    while (next < total) {
      const pausedAt = performance.now();
      await o.gate?.pass(stop);
      rate.exclude(performance.now() - pausedAt);
      if (stop.aborted) return await result('cancelled');
      const batch = await feeder.next();
      if (batch) {
        engine ??= await Tapped.build(optimized, taps, rangesFrom(graph, batch.samples[0]!, feed.batch), o, stop);
        rate.start();
        await engine.observe(batch, feed.batch, observers, odd);
        seen += batch.samples.length;
      }
      rate.add(feeder.position - next);
      next = feeder.position;
      const { skipped: problems } = feeder;
      const speed = { rate: rate.perSecond, eta: rate.secondsFor(total - next) };
      o.onProgress?.({ done: next, total, skipped: problems.length, problems, ...speed, live });
      if (performance.now() - savedAt > (o.checkpointSeconds ?? 10) * 1000) {
        await save();
        savedAt = performance.now();
      }
    }
    if (seen === 0) throw nothingGood(o.source, feeder.skipped);
    return await result('complete');
  } catch (error) {
    if (stop.aborted) return await result('cancelled');
    throw error;
  } finally {
    await save();
    await feeder.settle();
    await engine?.close();
  }
}

/** The checkpoint to go on from. Throws CalibrationFileError when there is one that is not of this run. */
function savedRun(o: CalibrateOptions, model: { name: string; hash: string }, taps: Taps) {
  if (!o.resume || o.cache === undefined || !existsSync(o.cache)) return null;
  const file = readCalibrationFile(o.cache);
  checkModel(o.cache, file.model, model.hash);
  if (file.run.source !== o.source.fingerprint)
    throw new CalibrationFileError(
      `${o.cache} was made from other samples or other settings than these; calibrate without resuming`,
    );
  const tensors = new Set(file.table.entries.map((e) => e.tensor));
  if ([...taps.names.values()].some((name) => !tensors.has(name)))
    throw new CalibrationFileError(
      `${o.cache} was made with other passes switched on than these; calibrate without resuming`,
    );
  const histograms = new Map(file.table.entries.map((e) => [e.tensor, Histogram.from(e.histogram!)]));
  return { run: file.run, histograms };
}

/** The temporary engine that gives out the observed values. */
class Tapped {
  private readonly taps: Taps;
  private readonly context: ExecutionContext;
  private readonly release: () => Promise<void>;

  private constructor(taps: Taps, context: ExecutionContext, release: () => Promise<void>) {
    this.taps = taps;
    this.context = context;
    this.release = release;
  }

  static async build(
    optimized: Optimized,
    taps: Taps,
    ranges: Record<string, DimRange>,
    o: CalibrateOptions,
    stop: AbortSignal,
  ): Promise<Tapped> {
    const graph = optimized.graph.clone();
    for (const id of taps.outputs) graph.updateValue(id, { name: taps.names.get(id)! });
    // Outputs of other types stay: without them their layers would have no reader.
    graph.setOutputs([...new Set([...taps.outputs, ...graph.outputs.filter((id) => !taps.names.has(id))])]);
    const dir = await mkdtemp(join(tmpdir(), 'sinter-calibrate-'));
    const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
    try {
      const path = join(dir, 'taps.sinter');
      const { runtime, threads, device } = o;
      await buildEngine(
        { ...optimized, graph },
        {
          runtime,
          threads,
          path,
          ranges,
          stop,
          ...(device === undefined ? {} : { device }),
          ...(o.onBuild ? { onProgress: o.onBuild } : {}),
        },
      );
      const engine = await runtime.loadEngine(path);
      const context = engine.createContext({ threads });
      return new Tapped(taps, context, async () => {
        context.dispose();
        engine.dispose();
        await remove();
      });
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /** Runs a batch; `odd` gets a sentence for each tensor that is not finite, at the first sample where it is not. */
  async observe(batch: Batch, size: number, observers: Observers, odd: Map<string, string>): Promise<void> {
    const outputs = await this.context.run(batch.inputs);
    const share = batch.samples.length / size;
    let slice = performance.now();
    const see = async (id: ValueId, t: Tensor | undefined): Promise<void> => {
      const name = this.taps.names.get(id)!;
      const data = floatsOf(t!);
      // Repeats that fill the last batch are not seen twice where the first axis tells them apart.
      const own = share < 1 && t!.shape[0] === size ? data.subarray(0, data.length * share) : data;
      const h = observers.observed(id);
      const before = h.unusual;
      h.add(own);
      if (h.unusual > before && !odd.has(name))
        odd.set(
          name,
          `"${name}" holds NaN or infinite values, first at ${batch.samples[0]!.id}; they are left out of its range`,
        );
      if (performance.now() - slice > 30) {
        await setImmediate();
        slice = performance.now();
      }
    };
    for (const id of this.taps.inputs) await see(id, batch.inputs[this.taps.names.get(id)!]);
    for (const id of this.taps.outputs) await see(id, outputs[this.taps.names.get(id)!]);
  }

  close(): Promise<void> {
    return this.release();
  }
}
