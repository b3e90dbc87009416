import { renameSync, rmSync, statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { encodeEngine } from '../engine/schema.ts';
import type { Graph } from '../ir/graph.ts';
import type { Optimized } from '../passes/pass.ts';
import type { NativeRuntime } from '../runtime.ts';
import { assemble, type PlannedProfile } from './assemble.ts';
import { BrokenKernels } from './brokenKernels.ts';
import { reportOf } from './buildReport.ts';
import { literalReader } from './evaluator.ts';
import { hashFile, never } from './hashFile.ts';
import { type LibraryPolicy, type LibrarySource, libraryPolicy, librarySharesOf } from './libraries.ts';
import type { LiteralOf } from './lower/context.ts';
import { lowerGraph, unsupported } from './lower/index.ts';
import { planMemory } from './memory.ts';
import { isFaster, type SettledPlan, type TimedEngine, withFolded } from './normalization/choose.ts';
import { foldable, foldNormalizations, type NormalizationPolicy } from './normalization/fold.ts';
import { markResolved } from './open.ts';
import { withHalfLimits } from './overflow.ts';
import { type Binding, BuildError, type Plan, type PlanLayer, type RegionBody } from './plan.ts';
import { planSearch, type SearchOptions, type SearchResult, tunedPlanSearch } from './planSearch/index.ts';
import type { TacticRules } from './planSearch/options.ts';
import type { PrecisionPolicy } from './planSearch/storages.ts';
import { bindingAt, type ProfileRanges, probesOf, rangesOf } from './profiles.ts';
import type { BuildProgress, BuildReport } from './report.ts';
import { applySchedule, chooseStreams, type StreamChoice } from './streams/choose.ts';
import type { Schedule } from './streams/schedule.ts';
import { PlanTuner, type Tuning } from './tuning/tuner.ts';

/**
 * Kernels that give FP32 layers fewer bits than FP32 has say so in their name: factors in bfloat16 parts (CPU) or rounded to TF32
 * (GPU). Three TF32 products (`_tf32x3`) keep FP32's bits.
 */
export const isFastFp32 = (tactic: string): boolean => tactic.includes('_bf16x3') || tactic.startsWith('tf32_');

/** Which tactics a build may choose: all that `tactics` takes, those with fewer bits than FP32 only with permission. */
export const permittedTactics =
  (options: Pick<BuildOptions, 'fastFp32' | 'tactics'>) =>
  (name: string): boolean =>
    (options.fastFp32 === true || !isFastFp32(name)) && (options.tactics?.(name) ?? true);

export interface BuildOptions {
  readonly runtime: NativeRuntime;
  readonly device?: string;
  readonly threads: number;
  /** Engine file to write; it appears only when complete. */
  readonly path: string;
  /** Allowed range per symbolic dimension that is left in the graph's inputs: an engine with one optimization profile. */
  readonly ranges?: ProfileRanges;
  /** Several optimization profiles instead; each gets a plan of its own over the same weights. */
  readonly profiles?: readonly ProfileRanges[];
  readonly onProgress?: (p: BuildProgress) => void;
  readonly stop?: AbortSignal;
  readonly producer?: string;
  /** Which tactics may be chosen; all by default. */
  readonly tactics?: (name: string) => boolean;
  /** Tactics by their times on the device; by the kernels' own estimates when absent. */
  readonly tuning?: Tuning;
  /** What a person has pinned and forbidden. */
  readonly rules?: TacticRules;
  /** Permission to store values in fewer bits; the model's own storage throughout by default. */
  readonly precision?: PrecisionPolicy;
  /** sha256 of the model file where the caller knows it: many builds of one model hash it once. */
  readonly modelHash?: string;
  /**
   * Allows FP32 layers whose products have fewer bits, summed in FP32: three bfloat16 products on AMX processors (about 16 bits of
   * each factor; errors near 1e-5 a layer), TF32 on GPUs (11 bits; near 3e-4). Off by default: FP32 means FP32.
   */
  readonly fastFp32?: boolean;
  /**
   * Auxiliary streams at most that layers may be spread over; 'measured' leaves it to timing the whole engine. None by
   * default: what builds many engines to compare them times none of them.
   */
  readonly auxStreams?: number | 'measured';
  /** 'layers' by default. */
  readonly normalizations?: NormalizationPolicy;
  /**
   * Libraries of NVIDIA's whose kernels may run layers; none by default: an engine then needs nothing but the driver. From
   * level 4 on they are timed all the same, to tell in the report what they would give.
   */
  readonly libraries?: ReadonlySet<LibrarySource>;
}

/** Graph → engine file. Throws BuildError (one sentence) when the model or options do not allow it. */
export async function buildEngine(optimized: Optimized, options: BuildOptions): Promise<BuildReport> {
  const broken = new BrokenKernels();
  for (;;) {
    try {
      return await buildWithout(broken, optimized, options);
    } catch (e) {
      if (!broken.noteworthy(e)) throw e;
    }
  }
}

async function buildWithout(broken: BrokenKernels, optimized: Optimized, options: BuildOptions): Promise<BuildReport> {
  const started = performance.now();
  const { graph } = optimized;
  const { runtime, threads } = options;
  const device = options.device ?? 'cpu';
  const stop = options.stop ?? never();
  const profiles = (options.profiles ?? [options.ranges ?? {}]).map((given) => rangesOf(graph, given));
  if (profiles.length === 0) throw new BuildError('an engine needs at least one optimization profile');

  const normalizations = options.normalizations ?? 'layers';
  const limited = options.precision
    ? await halfLimitsOf(optimized, options.precision, runtime, stop, normalizations)
    : null;
  const onProgress = (p: BuildProgress): void => options.onProgress?.(p);
  const tuner = options.tuning
    ? new PlanTuner({
        ...options.tuning,
        runtime,
        device,
        threads,
        stop,
        onProgress: (done, total, note) => onProgress({ phase: 'tune', done, total, note }),
      })
    : null;
  if (options.libraries?.has('cudnn') && !tuner?.policy)
    throw new BuildError('what cuDNN computes is checked while its tactics are timed: allow it from level 1 on');
  const libraries = libraryPolicy(runtime, device, options.libraries ?? new Set(), tuner?.policy?.libraries === true);
  const planned: Omit<PlannedProfile, 'memory'>[] = [];
  const alternatives: (SettledPlan | undefined)[] = [];
  for (const ranges of profiles) {
    const bind = bindingAt(ranges, 'opt');
    const { plan, search, folded } = await searchPlan(optimized, {
      tuner,
      libraries,
      normalizations,
      rules: options.rules,
      runtime,
      device,
      threads,
      bind,
      probes: probesOf(ranges),
      stop,
      onProgress,
      tactics: permittedTactics(options),
      precision: limited?.policy,
      broken: broken.reason,
    });
    planned.push({ ranges, bind, max: bindingAt(ranges, 'max'), plan, search });
    alternatives.push(folded);
  }
  const plannedAt = performance.now();

  const modelHash = options.modelHash ?? (await hashFile(graph.files[0]?.path, stop));
  const info = runtime.devices().find((d) => d.id === device);
  const scheduled = (p: Omit<PlannedProfile, 'memory'>, schedule: Schedule | null): PlannedProfile => {
    applySchedule(p.plan, schedule);
    return { ...p, memory: planMemory(p.plan, p.max, false, schedule) };
  };
  const headerOf = (list: readonly PlannedProfile[]) => {
    const plans = list.map((p) => p.plan);
    const uses = (feature: string): boolean =>
      plans.some((p) => p.layers.some((l) => l.tactic?.name.includes(`__${feature}`)));
    return assemble(optimized, list, {
      device,
      threads,
      modelHash,
      features: (info?.features ?? []).filter(uses),
      producer: options.producer ?? 'sinter',
      options: { fastFp32: options.fastFp32 === true, storages: storagesOf(plans) },
    });
  };
  const write = async (path: string, headerBytes: Uint8Array): Promise<void> => {
    try {
      await runtime.writeEngine(
        { path, headerBytes, files: graph.files.map((f) => f.path) },
        (p) => onProgress({ phase: 'write', done: p.done, total: p.total, note: 'weights' }),
        stop,
      );
    } catch (e) {
      for (const p of planned) broken.note(p.plan, e);
      throw e;
    }
  };
  // An engine that is timed to decide on its streams is written beside the one that was asked for.
  const trial = `${options.path}.streams`;
  let tried: Schedule | null = null;
  try {
    for (const [i, p] of planned.entries()) {
      const folded = alternatives[i] && { ...p, ...alternatives[i] };
      if (!folded || !tuner) continue;
      const engineOf = (q: typeof p): TimedEngine => {
        const header = encodeEngine(headerOf([scheduled(q, null)]).message);
        return { header, write: () => write(trial, header).then(() => trial) };
      };
      onProgress({ phase: 'tune', done: 0, total: 1, note: 'normalizations' });
      if (await isFaster(engineOf(folded), engineOf(p), tuner)) planned[i] = folded;
    }
    const choices: StreamChoice[] = [];
    for (const p of planned) {
      const alone = (s: Schedule): Uint8Array => encodeEngine(headerOf([scheduled(p, s)]).message);
      const choice = await chooseStreams(p.plan, {
        device,
        most: options.auxStreams === 'measured' ? undefined : (options.auxStreams ?? 0),
        tuner,
        headerOf: alone,
        write: async (s) => {
          await write(trial, alone(s));
          tried = s;
          return trial;
        },
        onTime: () => onProgress({ phase: 'tune', done: 0, total: 1, note: 'streams' }),
      });
      choices.push(choice);
    }
    const final = planned.map((p, i) => scheduled(p, choices[i]!.schedule));
    const header = headerOf(final);
    const same = final.length === 1 && tried !== null && tried === choices[0]!.schedule;
    if (same) renameSync(trial, options.path);
    else await write(options.path, encodeEngine(header.message));
    const written = performance.now();
    return reportOf(optimized, final, header.message, {
      streams: choices[0]!.report,
      libraries: librarySharesOf(planned[0]!.plan, libraries),
      path: options.path,
      bytes: statSync(options.path).size,
      weightBytes: header.weightBytes,
      device,
      threads,
      ...(tuner
        ? { tuning: { ...tuner.counts, level: options.tuning!.level, cache: options.tuning!.cache.path } }
        : {}),
      planMs: plannedAt - started,
      tuningMs: tuner?.milliseconds ?? { compile: 0, time: 0, engines: 0 },
      writeMs: written - plannedAt,
      overflows: limited?.overflows ?? [],
    });
  } finally {
    rmSync(trial, { force: true });
  }
}

/** float16 only where weights and calibrated values fit. */
function halfLimitsOf(
  optimized: Optimized,
  policy: PrecisionPolicy,
  runtime: NativeRuntime,
  stop: AbortSignal,
  normalizations: NormalizationPolicy,
) {
  const { graph } = optimized;
  const lowered = () => lowerGraph(graph, literalReader(runtime, graph.files), new Set(), undefined, new Set(), true);
  const plan = lowered();
  const files = graph.files.map((f) => f.path);
  // Products that normalize what they read have other weights.
  const folded = normalizations === 'layers' ? null : lowered();
  if (folded) foldNormalizations(folded, foldable(folded, true));
  return withHalfLimits(plan, policy, runtime, files, stop, folded);
}

/** The storages besides the model's own that plans use, for provenance. */
const storagesOf = (plans: readonly Plan[]): string[] =>
  [...new Set(plans.flatMap((p) => p.values.flatMap((v) => (v.own === undefined ? [] : [v.dtype]))))].sort();

interface SearchInputs {
  readonly runtime: NativeRuntime;
  readonly device: string;
  readonly threads: number;
  readonly bind: Binding;
  /** Other sizes that every tactic must be able to run at. */
  readonly probes?: readonly Binding[];
  readonly stop: AbortSignal;
  readonly onProgress: ((p: BuildProgress) => void) | undefined;
  readonly tactics: ((name: string) => boolean) | undefined;
  readonly precision: PrecisionPolicy | undefined;
  readonly rules: TacticRules | undefined;
  readonly libraries?: LibraryPolicy;
  readonly normalizations?: NormalizationPolicy;
  /** Null: the kernels' own estimates decide. */
  readonly tuner: PlanTuner | null;
  /** Why a layer cannot have a tactic that the device offers. */
  readonly broken?: SearchOptions['broken'];
}

/** Lowers and searches; fused nodes that the device cannot run as one layer are inlined and the search runs again. */
export async function searchPlan(
  optimized: Optimized,
  o: SearchInputs,
): Promise<SettledPlan & { folded?: SettledPlan }> {
  const literalOf = literalReader(o.runtime, optimized.graph.files);
  return searchGraph({ graph: optimized.graph, weights: new Map() }, literalOf, o, new Set(o.bind.keys()), true);
}

/** The plan of a graph, and of the regions of its layers once its own is settled. */
async function searchGraph(
  body: RegionBody,
  literalOf: LiteralOf,
  o: SearchInputs,
  known: ReadonlySet<string>,
  main: boolean,
): Promise<SettledPlan & { folded?: SettledPlan }> {
  const { graph } = body;
  const inline = new Set<number>();
  for (let round = 0; round < 4; round++) {
    const symbols = new Set(known);
    const lowered = (): Plan => {
      const p = lowerGraph(graph, literalOf, inline, main ? undefined : body.weights, known, true);
      markResolved(p, symbols);
      return p;
    };
    const plan = lowered();
    const options: SearchOptions = {
      runtime: o.runtime,
      device: o.device,
      threads: o.threads,
      bind: o.bind,
      probes: o.probes ?? [],
      stop: o.stop,
      ...(o.tactics ? { tactics: o.tactics } : {}),
      ...(o.precision ? { precision: o.precision } : {}),
      ...(o.rules ? { rules: o.rules } : {}),
      ...(o.libraries ? { libraries: o.libraries } : {}),
      ...(o.broken ? { broken: o.broken } : {}),
      onProgress: (done, total, note) => {
        if (main) o.onProgress?.({ phase: 'plan', done, total, note });
      },
    };
    const searched = async (p: Plan): Promise<SearchResult> =>
      o.tuner ? await tunedPlanSearch(p, options, o.tuner) : planSearch(p, options);
    const search = await searched(plan);
    if (search.inline.size === 0) {
      const settled = { plan, search };
      const chosen = o.normalizations ? await withFolded(settled, lowered, searched, o.normalizations) : settled;
      for (const l of chosen.plan.layers) {
        if (l.bodies) l.regions = await searchRegions(chosen.plan, l, l.bodies, literalOf, o, symbols);
      }
      return chosen;
    }
    const before = inline.size;
    for (const n of search.inline) inline.add(n);
    if (inline.size === before) throw noKernel(graph, plan, inline);
  }
  throw new BuildError('the plan did not settle after inlining fused layers');
}

/**
 * The plans of a layer's regions. A branch that cannot work at these shapes is one that must not be taken (exporters guard
 * forms so): taking it fails with the reason, as long as the other one works.
 */
async function searchRegions(
  plan: Plan,
  l: PlanLayer,
  bodies: readonly RegionBody[],
  literalOf: LiteralOf,
  o: SearchInputs,
  symbols: ReadonlySet<string>,
): Promise<Plan[]> {
  const found: (Plan | BuildError)[] = [];
  for (const b of bodies) {
    try {
      found.push((await searchGraph(b, literalOf, o, symbols, false)).plan);
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      found.push(error);
    }
  }
  const failed = found.find((f) => f instanceof BuildError);
  if (failed instanceof BuildError && (l.op !== 'If' || found.every((f) => f instanceof BuildError))) throw failed;
  return found.map((f, i) => (f instanceof BuildError ? impossible(plan, l, bodies[i]!, f.message) : f));
}

/** A region that says why it cannot be taken. */
function impossible(plan: Plan, l: PlanLayer, body: RegionBody, message: string): Plan {
  const values = l.outputs.map((v): Plan['values'][number] => {
    const { name, dtype, shape } = plan.values[v]!;
    return { name, dtype, shape, layout: 'linear', external: 'output' };
  });
  const outputs = values.map((_, i) => i);
  const layer: PlanLayer = {
    name: l.name,
    op: 'Fail',
    attrs: { message },
    inputs: [],
    opInputs: 0,
    outputs,
    sources: l.sources,
    resolve: true,
  };
  return {
    values,
    layers: [layer],
    inputs: body.graph.inputs.map((id) => ({ name: body.graph.value(id).name, value: -1 })),
    outputs: values.map((v, value) => ({ name: v.name, value })),
  };
}

/** Names what no kernel runs: operators that have none at all, else the first layer with its element types. */
function noKernel(graph: Graph, plan: Plan, nodes: ReadonlySet<number>): BuildError {
  const stuck = plan.layers.filter((l) => l.candidates?.length === 0 && l.node !== undefined && nodes.has(l.node));
  const generic = stuck.filter((l) => l.generic).map((l) => graph.node(l.node!));
  if (generic.length > 0) return unsupported(generic);
  const node = graph.node([...nodes][0]!);
  const layer = stuck.find((l) => l.node === node.id);
  const types = (layer?.inputs ?? []).map((v) => (v < 0 ? '-' : plan.values[v]!.dtype)).join(', ');
  return new BuildError(
    `no kernel on this device runs ${layer?.name ?? node.op} "${node.name}" on ${types || 'its inputs'}`,
    node.source,
  );
}
