import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ranges } from '../calibration/rangeTable.ts';
import { latencyOf } from '../engine/profileReport.ts';
import { numbersOf } from '../engine/summary.ts';
import type { SourceId } from '../ir/graph.ts';
import type { Optimized } from '../passes/pass.ts';
import type { NativeRuntime, Tensor } from '../runtime.ts';
import { buildEngine } from './build.ts';
import type { PlanLayer } from './plan.ts';
import type { PrecisionPolicy } from './planSearch/storages.ts';
import { precisionPolicy } from './precision.ts';

export type Inputs = Readonly<Record<string, Tensor>>;

/** What one layer costs in accuracy, and wins in time, when it alone runs in INT8. */
export interface LayerSensitivity {
  readonly name: string;
  readonly sources: readonly SourceId[];
  /** The INT8 tactic that planSearch gives it. */
  readonly tactic: string;
  /** Signal-to-quantization-noise ratio of the engine's outputs against FP32, in decibels; Infinity when equal. */
  readonly sqnr: number;
  readonly cosine: number;
  /** Nanoseconds of the layer in the FP32 plan and in the full INT8 plan (medians). */
  readonly fp32: number;
  readonly int8: number;
  /** Noise energy (relative to the signal's) per microsecond won; Infinity where nothing is won. */
  readonly lossPerMicrosecond: number;
}

export interface SensitivityReport {
  /** Most harmful first. */
  readonly layers: readonly LayerSensitivity[];
  /** The plan with everything in INT8 that may be. */
  readonly all: { readonly sqnr: number; readonly cosine: number; readonly fp32: number; readonly int8: number };
}

export interface SensitivityOptions {
  readonly runtime: NativeRuntime;
  readonly threads: number;
  readonly ranges: Ranges;
  readonly samples: readonly Inputs[];
  readonly onProgress?: (done: number, total: number, layer: string) => void;
  readonly stop?: AbortSignal;
}

/** Layers are the same ones in every plan of one optimized graph: their sources tell. */
const keyOf = (sources: readonly SourceId[]): string => [...sources].sort().join(' ');

/**
 * Builds the FP32 plan, the full INT8 plan, and one plan per INT8 layer in which that layer alone is quantized, all from the
 * same optimized graph, so that no fusion is broken; runs the samples through each and compares the outputs.
 */
export async function measureSensitivity(optimized: Optimized, o: SensitivityOptions): Promise<SensitivityReport> {
  const dir = mkdtempSync(join(tmpdir(), 'sinter-sensitivity-'));
  try {
    const policy = precisionPolicy(optimized.graph, o.ranges);
    const run = (precision: PrecisionPolicy | null, timed: boolean) =>
      runPlan(optimized, o, join(dir, 'plan.sinter'), precision, timed);
    const fp32 = await run(null, true);
    const int8 = await run(policy, true);
    const candidates = int8.layers.filter((l) => l.tactic.startsWith('s8_') && l.sources.length > 0);
    const layers: LayerSensitivity[] = [];
    for (const [i, layer] of candidates.entries()) {
      o.stop?.throwIfAborted();
      o.onProgress?.(i, candidates.length, layer.name);
      const key = keyOf(layer.sources);
      const here = (l: PlanLayer): boolean => keyOf(l.sources) === key;
      const only: PrecisionPolicy = { amax: policy.amax, storages: (l) => (here(l) ? ['int8'] : ['']) };
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
    return { layers, all: { sqnr, cosine, fp32: fp32.total, int8: int8.total } };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** How far the outputs of one plan are from the FP32 plan's, over all samples. */
export type PlanComparison = (precision: PrecisionPolicy) => Promise<{ sqnr: number; cosine: number }>;

/** Compares plans of one graph with its FP32 plan, which is built and run once, at the first comparison. */
export function planComparison(optimized: Optimized, o: SensitivityOptions): PlanComparison {
  let fp32: PlanRun | null = null;
  return async (precision) => {
    const dir = mkdtempSync(join(tmpdir(), 'sinter-sensitivity-'));
    try {
      const path = join(dir, 'plan.sinter');
      fp32 ??= await runPlan(optimized, o, path, null, false);
      const { sqnr, cosine } = noiseOf(fp32.outputs, (await runPlan(optimized, o, path, precision, false)).outputs);
      return { sqnr, cosine };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  };
}

interface PlanRun {
  readonly outputs: readonly Record<string, Tensor>[];
  readonly layers: readonly { name: string; tactic: string; sources: readonly SourceId[] }[];
  /** Median nanoseconds per layer, by its sources. */
  readonly times: ReadonlyMap<string, number>;
  readonly total: number;
}

async function runPlan(
  optimized: Optimized,
  o: SensitivityOptions,
  path: string,
  precision: PrecisionPolicy | null,
  timed: boolean,
): Promise<PlanRun> {
  const { runtime, threads, samples } = o;
  const stop = o.stop ?? new AbortController().signal;
  const report = await buildEngine(optimized, { runtime, threads, path, stop, ...(precision ? { precision } : {}) });
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
      const profile = await context.profile(samples[0], { warmup: 2, iterations: 10 }, () => {}, stop);
      for (const l of profile.layers) {
        const sources = report.layers[l.layer]!.sources;
        if (sources.length > 0) times.set(keyOf(sources), latencyOf(l.samples).median);
      }
      total = latencyOf(profile.total).median;
    }
    return { outputs, layers: report.layers, times, total };
  } finally {
    context.dispose();
    engine.dispose();
  }
}

/** Noise of `got` over all samples and outputs: energy of the difference over energy of the reference. */
function noiseOf(
  want: readonly Record<string, Tensor>[],
  got: readonly Record<string, Tensor>[],
): { sqnr: number; cosine: number; noise: number } {
  let signal = 0;
  let error = 0;
  let dot = 0;
  let other = 0;
  want.forEach((outputs, i) => {
    for (const [name, t] of Object.entries(outputs)) {
      const a = numbersOf(t);
      const b = numbersOf(got[i]![name]!);
      for (let k = 0; k < a.length; k++) {
        const [x, y] = [a[k]!, b[k]!];
        signal += x * x;
        error += (x - y) * (x - y);
        dot += x * y;
        other += y * y;
      }
    }
  });
  const noise = signal > 0 ? error / signal : 0;
  const norm = Math.sqrt(signal) * Math.sqrt(other);
  return {
    noise,
    sqnr: error > 0 ? 10 * Math.log10(signal / error) : Number.POSITIVE_INFINITY,
    cosine: norm > 0 ? dot / norm : 1,
  };
}

/**
 * The largest part of the INT8 plan that keeps the budget: layers go to INT8 in the order of least accuracy lost per
 * microsecond won, and the longest prefix of that order that `meets` accepts is found by bisection (adding a layer is taken
 * to never improve accuracy). Returns the source ids to pin to FP32.
 */
export async function mixedPrecision(
  report: SensitivityReport,
  meets: (fp32: readonly SourceId[]) => Promise<boolean>,
): Promise<SourceId[]> {
  const order = [...report.layers].sort((a, b) => a.lossPerMicrosecond - b.lossPerMicrosecond || b.sqnr - a.sqnr);
  const pinsFor = (count: number): SourceId[] => order.slice(count).flatMap((l) => l.sources);
  if (await meets(pinsFor(order.length))) return [];
  let [good, bad] = [0, order.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (await meets(pinsFor(middle))) good = middle;
    else bad = middle;
  }
  return pinsFor(good);
}
