import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type SensitivityReport as Measured, mixedPrecision } from '../../../../optimizer/builder/sensitivity.ts';
import type { NativeRuntime } from '../../../../optimizer/runtime.ts';
import type { Budget, PlanPoint, PlanReport } from '../../../ipc/schemas/precision.ts';
import type { StudioParts } from '../../parts/parts.ts';
import type { JobProgress } from '../jobs.ts';
import type { OpenModel } from '../models.ts';
import { Bench, type BenchRequest } from './bench.ts';
import type { Calibrations } from './calibrations.ts';
import { type Candidate, Candidates, type Pinned, pinned } from './candidates.ts';
import { openSource } from './data.ts';
import { STORAGES } from './policy.ts';
import { engineFeed, readInputs } from './samples.ts';
import type { Sensitivity } from './sensitivity.ts';

/** Samples whose outputs are compared; accuracy is measured on all of them. */
const SAMPLES = 32;
/** Shares of the layers that mixed plans put into INT8. */
const MIXES = [0.25, 0.5, 0.75];

export interface PlansRequest extends BenchRequest {
  readonly pins: Pinned;
  readonly budget: Budget | null;
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
    // A GPU's FP16 kernels are what INT8 has to beat: beside FP32 alone it would look better than it is.
    if (r.device !== 'cpu') candidates.add('INT8 and FP16', 'int8+fp16');
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
