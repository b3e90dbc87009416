import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Inputs,
  type SensitivityReport as Measured,
  mixedPrecision,
  noiseOf,
} from '../../../../optimizer/builder/sensitivity.ts';
import { latencyOf } from '../../../../optimizer/engine/profile/statistics.ts';
import type { ExecutionContext, LoadedEngine, NativeRuntime, Tensor } from '../../../../optimizer/runtime.ts';
import type { TuningChoice } from '../../../ipc/schemas/build.ts';
import type {
  Budget,
  PlanPoint,
  PlanReport,
  PrecisionChoice,
  RangesChoice,
  Storage,
} from '../../../ipc/schemas/precision.ts';
import type { StudioParts } from '../../parts/parts.ts';
import type { JobProgress } from '../jobs.ts';
import type { OpenModel } from '../models.ts';
import type { Calibrations } from './calibrations.ts';
import { openSource } from './data.ts';
import { evaluateEngine } from './evaluate.ts';
import { countStorages, policyOf, STORAGES } from './policy.ts';
import { engineFeed, readInputs } from './samples.ts';
import type { MeasureRequest, Sensitivity } from './sensitivity.ts';

/** Samples whose outputs are compared; accuracy is measured on all of them. */
const SAMPLES = 32;
/** Each engine is timed in turns, so that a busy moment of the machine does not fall on one of them alone. */
const ROUNDS = 5;
const ROUND_MS = 120;
/** Shares of the layers that mixed plans put into INT8. */
const MIXES = [0.25, 0.5, 0.75];

export interface PlansRequest extends MeasureRequest {
  readonly pins: Readonly<Record<string, Storage>>;
  readonly budget: Budget | null;
  readonly tuning: TuningChoice;
}

interface Candidate {
  readonly id: string;
  readonly title: string;
  readonly choice: PrecisionChoice;
}

interface Built {
  readonly candidate: Candidate;
  readonly file: string;
  readonly engine: LoadedEngine;
  readonly context: ExecutionContext;
  readonly outputs: readonly Record<string, Tensor>[];
  readonly layers: number;
  readonly counts: Record<string, number>;
  readonly bytes: number;
  readonly times: number[];
}

/** Builds one plan after the other from the same optimized graph, runs and times them. */
class Bench {
  private readonly built = new Map<string, Built>();
  private readonly top1 = new Map<string, number>();
  readonly dir: string;
  private readonly parts: StudioParts;
  private readonly model: OpenModel;
  private readonly runtime: NativeRuntime;
  private readonly calibrations: Calibrations;
  private readonly r: PlansRequest;
  private readonly samples: readonly Inputs[];
  private readonly p: JobProgress;

  constructor(
    dir: string,
    parts: StudioParts,
    model: OpenModel,
    runtime: NativeRuntime,
    calibrations: Calibrations,
    r: PlansRequest,
    samples: readonly Inputs[],
    p: JobProgress,
  ) {
    this.dir = dir;
    this.parts = parts;
    this.model = model;
    this.runtime = runtime;
    this.calibrations = calibrations;
    this.r = r;
    this.samples = samples;
    this.p = p;
  }

  get ranges(): RangesChoice {
    return this.r.ranges;
  }

  async build(candidate: Candidate): Promise<Built> {
    const known = this.built.get(candidate.id);
    if (known) return known;
    this.p.signal.throwIfAborted();
    await this.p.gate.pass(this.p.signal);
    const { r, p, runtime } = this;
    const model = this.model;
    const optimized = model.optimized!;
    const file = path.join(this.dir, `${this.built.size}.sinter`);
    const report = await this.parts.build({
      optimized,
      imported: model.imported,
      device: r.device,
      threads: r.threads,
      shapes: r.shapes,
      precision: await policyOf(optimized.graph, candidate.choice, this.calibrations),
      // Kernels pinned by hand are of one precision; here others are compared.
      tuning: { ...r.tuning, pin: {} },
      path: file,
      stop: p.signal,
      onProgress: (b) => p.report(`Building ${candidate.title}`, b.done, b.total, b.note),
    });
    const engine = await runtime.loadEngine(file);
    const context = engine.createContext({ threads: r.threads });
    const outputs: Record<string, Tensor>[] = [];
    const counts = countStorages(report.layers);
    const size = { layers: report.layers.length, counts, bytes: report.engine.bytes };
    const built: Built = { candidate, file, engine, context, outputs, ...size, times: [] };
    this.built.set(candidate.id, built);
    for (const [i, sample] of this.samples.entries()) {
      p.signal.throwIfAborted();
      p.report(`Running ${candidate.title}`, i, this.samples.length);
      outputs.push(await context.run(sample));
    }
    return built;
  }

  /** How far a plan's outputs are from FP32's. */
  async noise(candidate: Candidate, fp32: Candidate): Promise<{ sqnr: number; cosine: number }> {
    const { sqnr, cosine } = noiseOf((await this.build(fp32)).outputs, (await this.build(candidate)).outputs);
    return { sqnr, cosine };
  }

  async accuracy(candidate: Candidate): Promise<number> {
    const known = this.top1.get(candidate.id);
    if (known !== undefined) return known;
    const { file } = await this.build(candidate);
    const { data, threads } = this.r;
    const { top1 } = await evaluateEngine(this.runtime, file, threads, data, this.p, `Evaluating ${candidate.title}`);
    this.top1.set(candidate.id, top1);
    return top1;
  }

  /** Times all engines in turns. */
  async time(candidates: readonly Candidate[]): Promise<void> {
    const engines = candidates.map((c) => this.built.get(c.id)!);
    const runs = new Map<string, number>();
    const steps = ROUNDS * engines.length;
    for (let i = 0; i < steps; i++) {
      const e = engines[i % engines.length]!;
      await this.p.gate.pass(this.p.signal);
      this.p.report('Timing in turns', i, steps, e.candidate.title);
      const iterations = runs.get(e.candidate.id) ?? 3;
      const { total } = await e.context.profile(this.samples[0]!, { warmup: 2, iterations }, () => {}, this.p.signal);
      e.times.push(...total);
      const once = Math.max(1, latencyOf(total).median / 1e6);
      runs.set(e.candidate.id, Math.max(3, Math.min(500, Math.round(ROUND_MS / once))));
    }
  }

  point(c: Candidate, noise: { sqnr: number; cosine: number }): PlanPoint {
    const { times, layers, counts, bytes } = this.built.get(c.id)!;
    const latency = latencyOf(Float64Array.from(times)).median;
    return { ...c, ...noise, latency, top1: this.top1.get(c.id) ?? null, layers, counts, bytes };
  }

  close(): void {
    for (const b of this.built.values()) {
      b.context.dispose();
      b.engine.dispose();
    }
  }
}

const idOf = (choice: PrecisionChoice): string => [choice.kind, ...Object.entries(choice.pins).flat()].join(' ');

type Pinned = Readonly<Record<string, Storage>>;
const pinned = (sources: readonly string[], to: Storage): Pinned => Object.fromEntries(sources.map((s) => [s, to]));

/** Plans without repetition: the first title of a choice stays. */
class Candidates {
  readonly list: Candidate[] = [];
  private readonly ranges: RangesChoice;

  constructor(ranges: RangesChoice) {
    this.ranges = ranges;
  }
  add(title: string, kind: Storage, pins: Pinned = {}): Candidate {
    const needs = kind === 'int8' || Object.values(pins).includes('int8');
    const choice: PrecisionChoice = { kind, ranges: needs ? this.ranges : null, pins: { ...pins } };
    const id = idOf(choice);
    const known = this.list.find((c) => c.id === id);
    if (known) return known;
    const candidate = { id, title, choice };
    this.list.push(candidate);
    return candidate;
  }
}

/** Whether a plan keeps what the budget asks for. */
async function keeps(bench: Bench, c: Candidate, fp32: Candidate, budget: Budget): Promise<boolean> {
  if (budget.measure === 'cosine') return (await bench.noise(c, fp32)).cosine >= budget.value;
  // One part in a million: shares of samples are not exact in binary.
  return (await bench.accuracy(c)) >= (await bench.accuracy(fp32)) - budget.value / 100 - 1e-6;
}

/**
 * The mixed plan of a budget: layers go to INT8 in the order of least accuracy lost per time won as far as the budget reaches;
 * those left stay in FP32 or go to 16 bits, whichever turns out best.
 */
async function searchMixed(
  bench: Bench,
  candidates: Candidates,
  measured: Measured,
  fp32: Candidate,
  budget: Budget,
): Promise<string> {
  const trial = new Candidates(bench.ranges);
  const kept = await mixedPrecision(measured, async (sources) =>
    keeps(bench, trial.add('a mixed plan', 'int8', pinned(sources, 'fp32')), fp32, budget),
  );
  const layers = measured.layers.filter((l) => kept.includes(l.sources[0] ?? ''));
  if (layers.length === 0) return 'All layers may run in INT8 within the budget.';
  // Layers that win nothing came last, whatever they cost: among INT8 neighbours INT8 may suit them all the same.
  const needed = layers.filter((l) => l.fp32 > l.int8).flatMap((l) => l.sources);
  const more = needed.length > 0 && needed.length < kept.length ? pinned(needed, 'fp32') : null;
  candidates.add('Mixed', 'int8', pinned(kept, 'fp32'));
  if (more) candidates.add('Mixed, more INT8', 'int8', more);
  for (const to of STORAGES.filter((x) => x === 'fp16' || x === 'bf16'))
    candidates.add(`Mixed with ${to.toUpperCase()}`, 'int8', pinned(kept, to));
  return `${layers.length} of ${measured.layers.length} layers are kept out of INT8 to hold the budget.`;
}

/** Accuracy against latency of the plans, by real builds, and the fastest one that keeps the budget. */
export async function measurePlans(
  parts: StudioParts,
  model: OpenModel,
  runtime: NativeRuntime,
  calibrations: Calibrations,
  sensitivity: Sensitivity,
  r: PlansRequest,
  p: JobProgress,
): Promise<PlanReport> {
  const optimized = model.optimized!;
  const { revision } = model;
  const { measured } = await sensitivity.measured(model, runtime, r, p);
  const { inputs, count } = await readInputs(optimized.graph, r.data, r.shapes, SAMPLES);
  const source = await openSource(r.data, engineFeed(optimized.graph, r.shapes).inputs);
  const { labelled } = source;
  await source.close();
  const order = [...measured.layers]
    .sort((a, b) => a.lossPerMicrosecond - b.lossPerMicrosecond || b.sqnr - a.sqnr)
    .map((l) => l.sources);
  const dir = await mkdtemp(path.join(tmpdir(), 'sinter-plans-'));
  const bench = new Bench(dir, parts, model, runtime, calibrations, r, inputs, p);
  try {
    const candidates = new Candidates(r.ranges);
    const fp32 = candidates.add('FP32', 'fp32');
    candidates.add('FP16', 'fp16');
    candidates.add('BF16', 'bf16');
    for (const share of MIXES) {
      const kept = order.slice(Math.round(order.length * share));
      if (kept.length > 0 && kept.length < order.length)
        candidates.add(`${Math.round(share * 100)} % INT8`, 'int8', pinned(kept.flat(), 'fp32'));
    }
    const int8 = candidates.add('INT8', 'int8');
    // Where INT8 wins no time the builder leaves it out: what it would cost everywhere is a plan of its own.
    if (order.length > 0 && ((await bench.build(int8)).counts.int8 ?? 0) < order.length)
      candidates.add('INT8 throughout', 'int8', pinned(order.flat(), 'int8'));
    if (Object.keys(r.pins).length > 0) candidates.add('Your pins', 'int8', r.pins);
    const notes: string[] = [];
    const { budget } = r;
    const measurable = budget !== null && (budget.measure === 'cosine' || labelled);
    if (budget && measurable) notes.push(await searchMixed(bench, candidates, measured, fp32, budget));
    else if (budget) notes.push('The samples have no labels, so a budget in top-1 points cannot be measured.');

    const noise = new Map<string, { sqnr: number; cosine: number }>();
    for (const c of candidates.list) noise.set(c.id, await bench.noise(c, fp32));
    if (labelled) for (const c of candidates.list) await bench.accuracy(c);
    await bench.time(candidates.list);
    const points = candidates.list.map((c) => bench.point(c, noise.get(c.id)!));
    let automatic: PlanPoint | null = null;
    for (const [i, c] of candidates.list.entries()) {
      if (!budget || !measurable || !(await keeps(bench, c, fp32, budget))) continue;
      if (automatic === null || points[i]!.latency < automatic.latency) automatic = points[i]!;
    }
    if (automatic) notes.push(`The fastest plan that holds it is ${automatic.title}.`);
    return { points, automatic: automatic?.id ?? null, notes, samples: count, labelled, revision };
  } finally {
    bench.close();
    await rm(dir, { recursive: true, force: true });
  }
}
