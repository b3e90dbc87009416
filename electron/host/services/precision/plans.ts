import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildEngine } from '../../../../optimizer/builder/build.ts';
import { type Inputs, mixedPrecision, noiseOf } from '../../../../optimizer/builder/sensitivity.ts';
import { latencyOf } from '../../../../optimizer/engine/profileReport.ts';
import type { Optimized } from '../../../../optimizer/passes/pass.ts';
import type { ExecutionContext, LoadedEngine, NativeRuntime, Tensor } from '../../../../optimizer/runtime.ts';
import type { Budget, PlanPoint, PlanReport, PrecisionChoice, Storage } from '../../../ipc/schemas/precision.ts';
import type { JobProgress } from '../jobs.ts';
import type { OpenModel } from '../models.ts';
import type { Calibrations } from './calibrations.ts';
import { openSource } from './data.ts';
import { evaluateEngine } from './evaluate.ts';
import { policyOf } from './policy.ts';
import { engineFeed, readInputs, sizesOf } from './samples.ts';
import type { MeasureRequest, Sensitivity } from './sensitivity.ts';
import { countPrecisions } from './tactics.ts';

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
  private readonly optimized: Optimized;
  private readonly runtime: NativeRuntime;
  private readonly calibrations: Calibrations;
  private readonly r: PlansRequest;
  private readonly samples: readonly Inputs[];
  private readonly p: JobProgress;

  constructor(
    dir: string,
    optimized: Optimized,
    runtime: NativeRuntime,
    calibrations: Calibrations,
    r: PlansRequest,
    samples: readonly Inputs[],
    p: JobProgress,
  ) {
    this.dir = dir;
    this.optimized = optimized;
    this.runtime = runtime;
    this.calibrations = calibrations;
    this.r = r;
    this.samples = samples;
    this.p = p;
  }

  async build(candidate: Candidate): Promise<Built> {
    const known = this.built.get(candidate.id);
    if (known) return known;
    this.p.signal.throwIfAborted();
    await this.p.gate.pass(this.p.signal);
    const { graph } = this.optimized;
    const { runtime, r, p } = this;
    const precision = await policyOf(graph, candidate.choice, this.calibrations);
    const file = path.join(this.dir, `${this.built.size}.sinter`);
    const report = await buildEngine(this.optimized, {
      runtime,
      device: r.device,
      threads: r.threads,
      path: file,
      ranges: sizesOf(graph, r.shapes),
      stop: p.signal,
      ...(precision ? { precision } : {}),
      onProgress: (b) => p.report(`Building ${candidate.title}`, b.done, b.total, b.note),
    });
    const engine = await runtime.loadEngine(file);
    const context = engine.createContext({ threads: r.threads });
    const outputs: Record<string, Tensor>[] = [];
    const counts = countPrecisions(report.layers.map((l) => l.tactic));
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

const idOf = (choice: PrecisionChoice): string =>
  choice.kind === 'fp32' ? 'fp32' : `${choice.kind} ${Object.entries(choice.pins).flat().join(' ')}`.trim();

/** The plans worth comparing: FP32, INT8, the user's own pins, and mixes in the order of least accuracy lost per time won. */
function candidatesOf(r: PlansRequest, order: readonly (readonly string[])[]): Candidate[] {
  const choice = (pins: Readonly<Record<string, Storage>>): PrecisionChoice => ({
    kind: 'int8',
    ranges: r.ranges,
    pins,
  });
  const fp32: PrecisionChoice = { kind: 'fp32', ranges: null, pins: {} };
  const list: [string, PrecisionChoice][] = [['FP32', fp32]];
  for (const share of MIXES) {
    const kept = order.slice(Math.round(order.length * share));
    if (kept.length === 0 || kept.length === order.length) continue;
    const pins = Object.fromEntries(kept.flat().map((s) => [s, 'fp32' as const]));
    list.push([`${Math.round(share * 100)} % INT8`, choice(pins)]);
  }
  list.push(['INT8', choice({})]);
  if (Object.keys(r.pins).length > 0) list.push(['Your pins', choice(r.pins)]);
  const known = new Set<string>();
  return list.flatMap(([title, c]) => {
    const id = idOf(c);
    if (known.has(id)) return [];
    known.add(id);
    return [{ id, title, choice: c }];
  });
}

/** Accuracy against latency of the plans, by real builds, and the fastest one that keeps the budget. */
export async function measurePlans(
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
  const samples = await readInputs(optimized.graph, r.data, r.shapes, SAMPLES);
  const source = await openSource(r.data, engineFeed(optimized.graph, r.shapes).inputs);
  const { labelled } = source;
  await source.close();
  const order = [...measured.layers]
    .sort((a, b) => a.lossPerMicrosecond - b.lossPerMicrosecond || b.sqnr - a.sqnr)
    .map((l) => l.sources);
  const dir = await mkdtemp(path.join(tmpdir(), 'sinter-plans-'));
  const bench = new Bench(dir, optimized, runtime, calibrations, r, samples, p);
  try {
    const candidates = candidatesOf(r, order);
    const fp32 = candidates[0]!;
    const notes: string[] = [];
    let automatic: Candidate | null = null;
    if (r.budget) {
      const { measure, value } = r.budget;
      if (measure === 'top1' && !labelled)
        notes.push('The data has no labels, so a budget in top-1 points cannot be measured.');
      else {
        const wanted = (kept: readonly string[]): Candidate => {
          const pins = Object.fromEntries(kept.map((s) => [s, 'fp32' as const]));
          const choice: PrecisionChoice = { kind: 'int8', ranges: r.ranges, pins };
          return { id: idOf(choice), title: 'Automatic', choice };
        };
        const kept = await mixedPrecision(measured, async (pins) => {
          const c = wanted(pins);
          if (measure === 'cosine') return (await bench.noise(c, fp32)).cosine >= value;
          return (await bench.accuracy(c)) >= (await bench.accuracy(fp32)) - value / 100;
        });
        const found = wanted(kept);
        automatic = candidates.find((c) => c.id === found.id) ?? found;
        if (automatic === found) candidates.push(found);
        const fixed = order.filter((s) => kept.includes(s[0]!)).length;
        notes.push(
          fixed === 0
            ? 'All layers may run in INT8 within the budget.'
            : `${fixed} of ${order.length} layers stay in FP32 to keep the budget.`,
        );
      }
    }
    // Where INT8 wins no time the builder leaves it out: what it would cost everywhere is a plan of its own.
    const int8 = candidates.find((c) => c.title === 'INT8');
    const all = Object.fromEntries(order.flat().map((s) => [s, 'int8' as const]));
    const choice: PrecisionChoice = { kind: 'int8', ranges: r.ranges, pins: all };
    if (int8 && (await bench.build(int8)).counts.int8 !== order.length && order.length > 0)
      candidates.push({ id: idOf(choice), title: 'INT8 throughout', choice });
    const noise = new Map<string, { sqnr: number; cosine: number }>();
    for (const c of candidates) noise.set(c.id, await bench.noise(c, fp32));
    if (labelled) for (const c of candidates) await bench.accuracy(c);
    await bench.time(candidates);
    const points = candidates.map((c) => bench.point(c, noise.get(c.id)!));
    return { points, automatic: automatic?.id ?? null, notes, samples: samples.length, labelled, revision };
  } finally {
    bench.close();
    await rm(dir, { recursive: true, force: true });
  }
}
