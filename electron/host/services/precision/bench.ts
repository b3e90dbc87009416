import path from 'node:path';
import { type Inputs, noiseOf } from '../../../../optimizer/builder/sensitivity.ts';
import { latencyOf } from '../../../../optimizer/engine/profile/statistics.ts';
import type { ExecutionContext, LoadedEngine, NativeRuntime, Tensor } from '../../../../optimizer/runtime.ts';
import type { TuningChoice } from '../../../ipc/schemas/build.ts';
import type { PlanPoint, RangesChoice } from '../../../ipc/schemas/precision.ts';
import type { StudioParts } from '../../parts/parts.ts';
import type { JobProgress } from '../jobs.ts';
import type { OpenModel } from '../models.ts';
import type { Calibrations } from './calibrations.ts';
import type { Candidate } from './candidates.ts';
import { evaluateEngine } from './evaluate.ts';
import { countStorages, policyOf } from './policy.ts';
import type { MeasureRequest } from './sensitivity.ts';

/** Each engine is timed in turns, so that a busy moment of the machine does not fall on one of them alone. */
const ROUNDS = 5;
const ROUND_MS = 120;

export interface BenchRequest extends MeasureRequest {
  readonly tuning: TuningChoice;
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
export class Bench {
  private readonly built = new Map<string, Built>();
  private readonly top1 = new Map<string, number>();
  readonly dir: string;
  private readonly parts: StudioParts;
  private readonly model: OpenModel;
  private readonly runtime: NativeRuntime;
  private readonly calibrations: Calibrations;
  private readonly r: BenchRequest;
  private readonly samples: readonly Inputs[];
  private readonly p: JobProgress;

  constructor(
    dir: string,
    parts: StudioParts,
    model: OpenModel,
    runtime: NativeRuntime,
    calibrations: Calibrations,
    r: BenchRequest,
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
      fastFp32: false,
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
