import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ranges } from '../calibration/rangeTable.ts';
import { latencyOf } from '../engine/profile/statistics.ts';
import { numbersOf } from '../engine/summary.ts';
import type { SourceId } from '../ir/graph.ts';
import type { Optimized } from '../passes/pass.ts';
import type { NativeRuntime, Tensor } from '../runtime.ts';
import { type BuildOptions, buildEngine } from './build.ts';
import { hashFile, never } from './hashFile.ts';
import type { PlanLayer } from './plan.ts';
import type { Storage } from './planSearch/format.ts';
import type { PrecisionPolicy } from './planSearch/storages.ts';
import { type Pins, precisionPolicy } from './precision.ts';
import type { BuildReport } from './report.ts';

export type Inputs = Readonly<Record<string, Tensor>>;

/** What one layer costs in accuracy, and wins in time, when it alone runs in INT8 (or the storage asked for). */
export interface LayerSensitivity {
  readonly name: string;
  readonly sources: readonly SourceId[];
  /** The tactic that planSearch gives it in the narrow plan. */
  readonly tactic: string;
  /** Signal-to-quantization-noise ratio of the engine's outputs against FP32, in decibels; Infinity when equal. */
  readonly sqnr: number;
  readonly cosine: number;
  /** Nanoseconds of the layer in the FP32 plan and in the full INT8 plan (the least of several runs: a busy machine only adds;
   * INT8 stands for the storage asked for). */
  readonly fp32: number;
  readonly int8: number;
  /** Noise energy (relative to the signal's) per microsecond won; Infinity where nothing is won. */
  readonly lossPerMicrosecond: number;
}

export interface SensitivityReport {
  /** Most harmful first. */
  readonly layers: readonly LayerSensitivity[];
  /** Every layer of the INT8 plan, reformats included: names and sources. */
  readonly planLayers: readonly { readonly name: string; readonly sources: readonly SourceId[] }[];
  /** The plan with everything in INT8 that may be. */
  readonly all: { readonly sqnr: number; readonly cosine: number; readonly fp32: number; readonly int8: number };
}

export interface SensitivityOptions {
  readonly runtime: NativeRuntime;
  readonly threads: number;
  /** Needed for INT8. */
  readonly ranges: Ranges | null;
  /** What is measured: int8 by default. */
  readonly storage?: Storage;
  /** Layers that are not to be chosen for. */
  readonly pins?: Pins;
  readonly samples: readonly Inputs[];
  /** Sizes of the dimensions that the graph leaves open: those of the samples. */
  readonly sizes?: BuildOptions['ranges'];
  readonly device?: string;
  /** How the plans are built beyond that: as the engine will be, or their choices would not hold for it. */
  readonly build?: Pick<BuildOptions, 'tuning' | 'rules' | 'fastFp32' | 'tactics'>;
  /** Measures every layer that can, also where the plan would rather not because nothing is won. */
  readonly everyLayer?: boolean;
  readonly onProgress?: (done: number, total: number, layer: string) => void;
  readonly stop?: AbortSignal;
}

/** Runs that a layer's time is the least of. */
const TIMED_RUNS = 20;

/** Layers are the same ones in every plan of one optimized graph: their sources tell. */
const keyOf = (sources: readonly SourceId[]): string => [...sources].sort().join(' ');

/**
 * Builds the FP32 plan, the full INT8 plan, and one plan per INT8 layer in which that layer alone is quantized, all from the
 * same optimized graph, so that no fusion is broken; runs the samples through each and compares the outputs.
 */
export async function measureSensitivity(optimized: Optimized, o: SensitivityOptions): Promise<SensitivityReport> {
  const dir = mkdtempSync(join(tmpdir(), 'sinter-sensitivity-'));
  try {
    const storage = o.storage ?? 'int8';
    const permitted = precisionPolicy(optimized.graph, o.ranges, o.pins, [storage]);
    const policy: PrecisionPolicy = o.everyLayer ? { ...permitted, storages: () => [storage] } : permitted;
    const modelHash = await hashFile(optimized.graph.files[0]?.path, o.stop ?? never());
    const run = (precision: PrecisionPolicy | null, timed: boolean) =>
      runPlan(optimized, { ...o, modelHash }, join(dir, 'plan.sinter'), precision, timed);
    const fp32 = await run(null, true);
    const int8 = await run(policy, true);
    // Copies are the price of other layers' choices.
    const candidates = int8.layers.filter((l) => l.stored === storage && l.sources.length > 0 && l.op !== 'Copy');
    const layers: LayerSensitivity[] = [];
    for (const [i, layer] of candidates.entries()) {
      o.stop?.throwIfAborted();
      o.onProgress?.(i, candidates.length, layer.name);
      const key = keyOf(layer.sources);
      const here = (l: PlanLayer): boolean => keyOf(l.sources) === key;
      const only: PrecisionPolicy = { ...policy, storages: (l) => (here(l) ? [storage] : ['']) };
      const { sqnr, cosine, noise } = noiseOf(fp32.outputs, (await run(only, false)).outputs);
      const before = fp32.times.get(key) ?? 0;
      const after = int8.times.get(key) ?? 0;
      const won = (before - after) / 1000;
      const lossPerMicrosecond = won > 0 ? noise / won : Number.POSITIVE_INFINITY;
      layers.push({
        name: layer.name,
        sources: layer.sources,
        tactic: layer.tactic,
        sqnr,
        cosine,
        fp32: before,
        int8: after,
        lossPerMicrosecond,
      });
    }
    o.onProgress?.(candidates.length, candidates.length, '');
    layers.sort((a, b) => a.sqnr - b.sqnr || (a.name < b.name ? -1 : 1));
    const { sqnr, cosine } = noiseOf(fp32.outputs, int8.outputs);
    const planLayers = int8.layers.map((l) => ({ name: l.name, sources: l.sources }));
    return { layers, planLayers, all: { sqnr, cosine, fp32: fp32.total, int8: int8.total } };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** How far the outputs of one plan are from the FP32 plan's, over all samples. */
export type PlanComparison = (
  precision: PrecisionPolicy,
) => Promise<{ sqnr: number; cosine: number /** Nanoseconds that planSearch expects. */; estimate: number }>;

/** Compares plans of one graph with its FP32 plan, which is built and run once, at the first comparison. */
export function planComparison(optimized: Optimized, o: SensitivityOptions): PlanComparison {
  let fp32: PlanRun | null = null;
  let modelHash: string | undefined;
  return async (precision) => {
    const dir = mkdtempSync(join(tmpdir(), 'sinter-sensitivity-'));
    try {
      const path = join(dir, 'plan.sinter');
      modelHash ??= await hashFile(optimized.graph.files[0]?.path, o.stop ?? never());
      const known = { ...o, modelHash };
      fp32 ??= await runPlan(optimized, known, path, null, false);
      const got = await runPlan(optimized, known, path, precision, false);
      const { sqnr, cosine } = noiseOf(fp32.outputs, got.outputs);
      return { sqnr, cosine, estimate: got.estimate };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };
}

interface PlanRun {
  readonly outputs: readonly Record<string, Tensor>[];
  readonly layers: BuildReport['layers'];
  readonly estimate: number;
  /** Nanoseconds per layer, by its sources. */
  readonly times: ReadonlyMap<string, number>;
  readonly total: number;
}

async function runPlan(
  optimized: Optimized,
  o: SensitivityOptions & { readonly modelHash: string },
  path: string,
  precision: PrecisionPolicy | null,
  timed: boolean,
): Promise<PlanRun> {
  const { runtime, threads, samples } = o;
  const stop = o.stop ?? never();
  const report = await buildEngine(optimized, {
    ...o.build,
    runtime,
    threads,
    path,
    stop,
    modelHash: o.modelHash,
    ...(o.device === undefined ? {} : { device: o.device }),
    ...(o.sizes ? { ranges: o.sizes } : {}),
    ...(precision ? { precision } : {}),
  });
  const engine = await runtime.loadEngine(path);
  const context = engine.createContext({ threads });
  try {
    const outputs: Record<string, Tensor>[] = [];
    for (const sample of samples) {
      stop.throwIfAborted();
      outputs.push(await context.run(sample));
    }
    const times = new Map<string, number>();
    let total = 0;
    if (timed && samples[0]) {
      const profile = await context.profile(samples[0], { warmup: 2, iterations: TIMED_RUNS }, () => {}, stop);
      for (const l of profile.layers) {
        const sources = report.layers[l.layer]!.sources;
        if (sources.length > 0) times.set(keyOf(sources), latencyOf(l.samples).min);
      }
      total = latencyOf(profile.total).min;
    }
    return { outputs, layers: report.layers, estimate: report.estimate, times, total };
  } finally {
    context.dispose();
    engine.dispose();
  }
}

/**
 * Noise of `got`: energy of the difference over energy of the reference, over all samples and outputs. The cosine is that of
 * the worst output, over all samples. NaN or infinite numbers on one side alone make the worst of both.
 */
export function noiseOf(
  want: readonly Record<string, Tensor>[],
  got: readonly Record<string, Tensor>[],
): { sqnr: number; cosine: number; noise: number } {
  const sums = new Map<string, OutputSums>();
  want.forEach((outputs, i) => {
    for (const [name, t] of Object.entries(outputs)) {
      const s = sums.get(name) ?? { signal: 0, error: 0, dot: 0, other: 0 };
      sums.set(name, s);
      const a = numbersOf(t);
      const b = numbersOf(got[i]![name]!);
      for (let k = 0; k < a.length; k++) {
        const [x, y] = [a[k]!, b[k]!];
        if (Object.is(x, y)) {
          if (Number.isFinite(x)) {
            s.signal += x * x;
            s.dot += x * x;
            s.other += x * x;
          }
          continue;
        }
        s.signal += x * x;
        s.error += (x - y) * (x - y);
        s.dot += x * y;
        s.other += y * y;
      }
    }
  });
  let signal = 0;
  let error = 0;
  let cosine = 1;
  for (const s of sums.values()) {
    signal += s.signal;
    error += s.error;
    const norm = Math.sqrt(s.signal) * Math.sqrt(s.other);
    const own = Number.isFinite(s.error) ? (norm > 0 ? Math.min(1, s.dot / norm) : s.error > 0 ? 0 : 1) : 0;
    cosine = Math.min(cosine, own);
  }
  if (!Number.isFinite(error)) return { noise: Number.POSITIVE_INFINITY, sqnr: Number.NEGATIVE_INFINITY, cosine };
  return {
    noise: signal > 0 ? error / signal : error > 0 ? Number.POSITIVE_INFINITY : 0,
    sqnr: error > 0 ? 10 * Math.log10(signal / error) : Number.POSITIVE_INFINITY,
    cosine,
  };
}

interface OutputSums {
  signal: number;
  error: number;
  dot: number;
  other: number;
}

/** Plans that a search may try: each is an engine that runs all samples. */
const TRIALS = 32;

/**
 * A large part of the INT8 plan that keeps the budget: layers go to INT8 in the order of least accuracy lost per microsecond
 * won. The longest prefix of that order that `meets` accepts is found by bisection (adding a layer is taken to never improve
 * accuracy); the layer that breaks it stays out, and the search goes on behind it while trials are left. Returns the source
 * ids to pin to FP32.
 */
export async function mixedPrecision(
  report: SensitivityReport,
  meets: (fp32: readonly SourceId[]) => Promise<boolean>,
): Promise<SourceId[]> {
  const rest = [...report.layers].sort((a, b) => a.lossPerMicrosecond - b.lossPerMicrosecond || b.sqnr - a.sqnr);
  const out: LayerSensitivity[] = [];
  const pinsBehind = (count: number): SourceId[] => [...out, ...rest.slice(count)].flatMap((l) => l.sources);
  let trials = 0;
  const takes = (count: number): Promise<boolean> => {
    trials++;
    return meets(pinsBehind(count));
  };
  // The first `accepted` of the rest are known to keep the budget; at the start, none.
  let accepted = 0;
  while (accepted < rest.length && trials < TRIALS) {
    if (await takes(rest.length)) return pinsBehind(rest.length);
    let bad = rest.length;
    while (bad - accepted > 1) {
      const middle = (accepted + bad) >> 1;
      if (await takes(middle)) accepted = middle;
      else bad = middle;
    }
    out.push(...rest.splice(accepted, 1));
  }
  return pinsBehind(accepted);
}
