import type { NodeId } from '../../ir/graph.ts';
import type { NativeRuntime, Tactic } from '../../runtime.ts';
import type { StoredAs } from '../encode.ts';
import { type LibraryPolicy, libraryOf } from '../libraries.ts';
import { deferred, touchesOpen } from '../open.ts';
import { type Binding, BuildError, type Plan, type PlanLayer, rootOf } from '../plan.ts';
import type { LevelPolicy } from '../tuning/levels.ts';
import type { PlanTuner, Trial } from '../tuning/tuner.ts';
import { candidatesOf } from './candidates.ts';
import { type Storage, type StoredType, storageOfFormat } from './format.ts';
import { dissolves, Enumerator, layoutsOf, type Option, optionsOf, type TacticRules } from './options.ts';
import { type Join, join, joinsOf } from './pooled.ts';
import { applyLayouts } from './reformats.ts';
import { searchLayouts } from './search.ts';
import { type PrecisionPolicy, Storages, type Variant } from './storages.ts';
import {
  type LayerOptions,
  reformatCost,
  reformatTrials,
  timedOptions,
  trialOf,
  withTiming,
  worthTiming,
} from './trials.ts';
import { resolveViews, type ViewDecision } from './views.ts';

export interface SearchResult {
  /** Fused nodes that the device cannot run as one layer: lower again with these inlined. */
  readonly inline: ReadonlySet<NodeId>;
  readonly views: readonly ViewDecision[];
  /** Estimated nanoseconds of the plan, reformats included. */
  readonly estimate: number;
}

export interface SearchOptions {
  readonly runtime: NativeRuntime;
  readonly device: string;
  readonly threads: number;
  /** Sizes that tactics are chosen at: the profile's `opt`. */
  readonly bind: Binding;
  /** Other sizes that every tactic must be able to run at: those of the profile's ends. */
  readonly probes?: readonly Binding[];
  readonly onProgress?: (done: number, total: number, layer: string) => void;
  readonly stop?: AbortSignal;
  /** Permission to store values in fewer bits; the model's own storage throughout by default. */
  readonly precision?: PrecisionPolicy;
  /** Which tactics may be chosen; all by default. */
  readonly tactics?: (name: string) => boolean;
  /** What a person has pinned and forbidden. */
  readonly rules?: TacticRules;
  /** Libraries that are asked for tactics beside the device's own kernels. */
  readonly libraries?: LibraryPolicy;
  /** Why a layer cannot have a tactic that the device offers: a kernel that does not compile. */
  readonly broken?: (layer: PlanLayer, tactic: string) => string | undefined;
}

/**
 * Chooses tactic, layout and storage for every layer together by the kernels' own estimates, and completes the plan with
 * the reformats and copies that the choice needs. When some fused layers have no tactic, nothing is changed and `inline`
 * names their nodes.
 */
export function planSearch(plan: Plan, options: SearchOptions): SearchResult {
  const joins = new Joins(plan, options);
  const best = (l: PlanLayer): number => Math.min(...joins.options(l).map((o) => o.cost));
  join(
    plan,
    joins.all.filter((j) => best(j.joined) < best(j.conv) + best(j.pool)),
  );
  const space = searchSpace(plan, options);
  return 'inline' in space ? space : choose(plan, space, options);
}

/** The same by times: what is worth timing is timed first, reformats too. */
export async function tunedPlanSearch(plan: Plan, options: SearchOptions, tuner: PlanTuner): Promise<SearchResult> {
  const policy = tuner.policy;
  if (policy === null) return planSearch(plan, options);
  join(plan, await new Joins(plan, options).timed(tuner, policy));
  const space = searchSpace(plan, options);
  if ('inline' in space) return space;
  const { enumerator, layers } = space;
  const worth = layers.map((l) => worthTiming(l.options, policy));
  const trials = plan.layers.flatMap((l, i) =>
    [...worth[i]!, ...worthTiming(layers[i]!.barred, policy)].flatMap(
      (o) => trialOf(plan, l, layers[i]!, o, enumerator) ?? [],
    ),
  );
  if (policy.reformats) trials.push(...reformatTrials(plan, worth, enumerator, space.storages));
  await tuner.time(trials);
  enumerator.times = (desc, tactic) => tuner.timing(desc, tactic);
  const timed = plan.layers.map((l, i) => {
    const { options: left, failures } = timedOptions(plan, l, layers[i]!, enumerator, tuner);
    const barred = layers[i]!.barred.map((o) => withTiming(plan, l, layers[i]!, o, enumerator, tuner));
    const before = layers[i]!.dropped;
    const dropped = {
      options: [...(before?.options ?? []), ...layers[i]!.options],
      failures: new Map([...(before?.failures ?? []), ...failures]),
    };
    const options = left.length > 0 ? left : fallbackOptions(plan, l, enumerator, space);
    if (options.length > 0) return { ...layers[i]!, options, barred, dropped };
    const [tactic, why] = [...failures].map(([o, error]) => [o.tactic!.name, error])[0]!;
    throw new BuildError(`no kernel ran ${l.name} while it was timed: ${tactic}: ${why}`, l.sources);
  });
  return choose(plan, { ...space, layers: timed }, options);
}

/** Pairs of layers that could be one, and how either would be executed; none where the device has no kernel for both at once. */
class Joins {
  readonly all: readonly Join[];
  private readonly plan: Plan;
  private readonly enumerator: Enumerator;
  private readonly stored: Storages | null;

  constructor(plan: Plan, options: SearchOptions) {
    this.plan = plan;
    this.enumerator = new Enumerator(options);
    this.stored = options.precision ? new Storages(plan, options.precision) : null;
    this.all = this.enumerator.compiles ? joinsOf(plan).filter((j) => this.allowed(j, options.rules)) : [];
  }

  /** Whether the device has a kernel for both that a person's pins and prohibitions leave. */
  private allowed({ joined }: Join, rules?: TacticRules): boolean {
    const pin = rules?.pinned(joined);
    const names = this.options(joined).map((o) => o.tactic!.name);
    return names.some((n) => (pin === undefined || n === pin) && rules?.forbidden(joined, n) !== true);
  }

  /** Without the references, which are there for every layer. */
  options(l: PlanLayer): readonly Option[] {
    const variants = this.stored?.variantsOf(this.plan, l) ?? [];
    const plain = this.enumerator.tactics(this.plan, l);
    const others = variants.flatMap((v) => this.enumerator.tactics(this.plan, l, this.storage(l, v)));
    const list = optionsIn(this.plan, l, plain, {
      enumerator: this.enumerator,
      storages: this.stored,
      layouts: layoutsOf([...plain, ...others]),
      viewed: viewedBy(this.plan),
    });
    return list.filter((o) => o.tactic !== null && !o.tactic.name.endsWith('__scalar'));
  }

  /** The pairs that are faster as one, by their times. */
  async timed(tuner: PlanTuner, policy: LevelPolicy): Promise<Join[]> {
    const trials = new Map(this.all.flatMap((j) => [j.conv, j.pool, j.joined]).map((l) => [l, this.trials(l, policy)]));
    await tuner.time([...trials.values()].flat());
    const best = (l: PlanLayer): number =>
      Math.min(
        ...trials.get(l)!.map((t) => {
          const timing = tuner.timing(t.desc, t.tactic);
          return timing?.ok ? timing.median : Number.POSITIVE_INFINITY;
        }),
      );
    return this.all.filter((j) => best(j.joined) < best(j.conv) + best(j.pool));
  }

  private trials(l: PlanLayer, policy: LevelPolicy): Trial[] {
    const options = this.options(l);
    if (options.length === 0) return [];
    const from = { options, storage: (variant: Variant) => this.storage(l, variant) };
    return worthTiming(options, policy).flatMap((o) => trialOf(this.plan, l, from, o, this.enumerator) ?? []);
  }

  private storage(l: PlanLayer, variant: Variant): StoredAs {
    return operandStorage(this.stored!, this.plan, l, variant);
  }
}

/** Everything a plan could be: per layer its options, at the cost the kernels estimate. */
interface SearchSpace {
  readonly enumerator: Enumerator;
  readonly storages: Storages | null;
  readonly layouts: readonly string[];
  /** Values that views look at. */
  readonly viewed: ReadonlySet<number>;
  readonly layers: readonly SpaceLayer[];
}

interface SpaceLayer extends LayerOptions {
  readonly forbidden: readonly Option[];
  /** Options of libraries that are not allowed, which are timed only to tell what they would give. */
  readonly barred: readonly Option[];
  /** Where timing has thinned the options: what they were, and why some failed. */
  readonly dropped?: { readonly options: readonly Option[]; readonly failures: ReadonlyMap<Option, string> };
}

function searchSpace(plan: Plan, options: SearchOptions): SearchSpace | SearchResult {
  const enumerator = new Enumerator(options);
  const inline = new Set<NodeId>();
  const plain = plan.layers.map((l, i) => {
    options.stop?.throwIfAborted();
    const tactics = dissolves(l) ? [] : offered(plan, l, enumerator, options.bind);
    const slow = (onIntegers(plan, l) || isLookup(l)) && tactics.every((t) => t.name.endsWith('__scalar'));
    if ((tactics.length === 0 || slow) && !dissolves(l) && l.node !== undefined) {
      inline.add(l.node);
      l.candidates = [];
    }
    options.onProgress?.(i + 1, plan.layers.length, l.name);
    return tactics;
  });
  if (inline.size > 0) return { inline, views: [], estimate: 0 };

  const viewed = viewedBy(plan);
  const layouts = layoutsOf(plain.flat());
  const storages = options.precision ? new Storages(plan, options.precision) : null;
  const layers = plan.layers.map((l, i): SpaceLayer => {
    const storage = (variant: Variant): StoredAs => operandStorage(storages!, plan, l, variant);
    const list = optionsIn(plan, l, plain[i]!, { enumerator, storages, layouts, viewed });
    const barred = list.filter((o) => !isAllowed(o, options.libraries));
    const ours = barred.length > 0 ? list.filter((o) => isAllowed(o, options.libraries)) : list;
    if (ours.length === 0) throw noTactic(plan, l);
    const { options: allowed, forbidden } = byRules(l, ours, options.rules);
    const failures = new Map<Option, string>();
    for (const o of allowed) {
      const reason = o.tactic && enumerator.broken(l, o.tactic.name);
      if (reason) failures.set(o, reason);
    }
    if (failures.size === 0) return { options: allowed, forbidden, barred, storage };
    const whole = allowed.filter((o) => !failures.has(o));
    const left = whole.length > 0 ? whole : fallbackOptions(plan, l, enumerator, { layouts, viewed });
    if (left.length === 0) throw new BuildError([...failures.values()][0]!, l.sources);
    return { options: left, forbidden, barred, storage, dropped: { options: [...failures.keys()], failures } };
  });
  return { enumerator, storages, layouts, viewed, layers };
}

const viewedBy = (plan: Plan): ReadonlySet<number> =>
  new Set(plan.values.flatMap((v, i) => (v.view ? [rootOf(plan, i)] : [])));

/** All options of a layer in the storages that its operands may have. */
function optionsIn(
  plan: Plan,
  l: PlanLayer,
  plain: readonly Tactic[],
  { enumerator, storages, layouts, viewed }: Pick<SearchSpace, 'enumerator' | 'storages' | 'layouts' | 'viewed'>,
): readonly Option[] {
  const own = optionsOf(plan, l, plain, layouts, viewed);
  const stored = (storages?.variantsOf(plan, l) ?? []).flatMap((variant) => {
    const tactics = dissolves(l) ? [] : enumerator.tactics(plan, l, operandStorage(storages!, plan, l, variant));
    return optionsOf(plan, l, tactics, layouts, viewed, variant);
  });
  return stored.length > 0 && storages!.demands(l) ? stored : [...own, ...stored];
}

/** The last resort of a layer whose tactics have all failed, on operands as the model has them. */
function fallbackOptions(
  plan: Plan,
  l: PlanLayer,
  enumerator: Enumerator,
  { layouts, viewed }: Pick<SearchSpace, 'layouts' | 'viewed'>,
): Option[] {
  return optionsOf(plan, l, enumerator.fallbacks(plan, l), layouts, viewed);
}

function isAllowed(o: Option, libraries: LibraryPolicy | undefined): boolean {
  const library = o.tactic ? libraryOf(o.tactic.name) : undefined;
  return library === undefined || libraries?.allowed.has(library.source) === true;
}

/** What a person's pins and prohibitions leave of a layer's options. Throws BuildError when that is nothing. */
function byRules(
  l: PlanLayer,
  list: readonly Option[],
  rules?: TacticRules,
): { options: Option[]; forbidden: Option[] } {
  const pin = rules?.pinned(l);
  const allowed = (o: Option): boolean =>
    !o.tactic || ((pin === undefined || o.tactic.name === pin) && rules?.forbidden(l, o.tactic.name) !== true);
  const options = list.filter(allowed);
  if (options.length > 0) return { options, forbidden: list.filter((o) => !allowed(o)) };
  const names = [...new Set(list.map((o) => o.tactic!.name))].join(', ');
  throw new BuildError(
    pin === undefined
      ? `every tactic of ${l.name} is forbidden; it has ${names}`
      : `${l.name} is pinned to ${pin}, which it cannot have or which is forbidden; it has ${names}`,
    l.sources,
  );
}

function choose(plan: Plan, space: SearchSpace, options: SearchOptions): SearchResult {
  const { enumerator, storages, layouts, layers } = space;
  const cost = (v: number, from: string, to: string): number =>
    reformatCost(plan, v, from, to, enumerator, storages, () =>
      enumerator.moveCost(plan, v, storageOfFormat(from), storageOfFormat(to)),
    );
  const found = searchLayouts(
    plan,
    layers.map((l) => l.options),
    cost,
    layouts,
  );
  plan.layers.forEach((l, i) => {
    const { options: considered, dropped, forbidden, barred } = layers[i]!;
    l.candidates = candidatesOf(
      found.choice[i]!,
      considered,
      dropped?.options ?? [],
      dropped?.failures,
      forbidden,
      barred,
    );
  });
  applyLayouts(plan, found.choice, enumerator, storages);
  const views = resolveViews(plan, enumerator, options.bind);
  return { inline: new Set(), views, estimate: found.cost };
}

const COMPUTES = new Set(['Conv', 'MatMul', 'Pointwise', 'AveragePool', 'Reduce']);

/** A layer that fused the model's own quantizations: where only a reference computes it, it is better off in float32. */
const onIntegers = (plan: Plan, l: PlanLayer): boolean =>
  (COMPUTES.has(l.op) || (l.op === 'Resize' && l.attrs.mode !== 'nearest')) &&
  [...l.inputs, ...l.outputs].some((v) => v >= 0 && plan.values[v]!.scale !== undefined && !plan.values[v]!.own);

/** Rows of a table that go through a program: a reference alone is slower than moving them and computing after that. */
const isLookup = (l: PlanLayer): boolean => l.op === 'Gather' && l.program !== undefined;

/** What each value is stored as in a variant of one layer. */
function operandStorage(storages: Storages, plan: Plan, l: PlanLayer, variant: Variant): StoredAs {
  const wanted = new Map<number, StoredType>();
  const note = (v: number, i: number, list: readonly Storage[]): void => {
    const stored = storages.stored(plan, v, list[i]!);
    if (stored) wanted.set(v, stored);
  };
  l.inputs.forEach((v, i) => {
    note(v, i, variant.inputs);
  });
  l.outputs.forEach((v, i) => {
    note(v, i, variant.outputs);
  });
  return (v) => wanted.get(v);
}

/** What the device offers; where shapes are decided by running, the choice may wait. */
function offered(plan: Plan, l: PlanLayer, enumerator: Enumerator, bind: Binding): readonly Tactic[] {
  if (l.resolve || l.bodies) return [deferred(l)];
  const open = touchesOpen(plan, l, bind);
  // Kernels that are compiled for their shapes cannot wait for them: the CPU's run such layers.
  if (open && enumerator.compiles) {
    const host = enumerator.fallbacks(plan, l);
    return host.length > 0 || l.fused ? host : [deferred(l)];
  }
  const found = enumerator.tactics(plan, l);
  return found.length === 0 && !l.fused && open ? [deferred(l)] : found;
}

export function noTactic(plan: Plan, l: PlanLayer): BuildError {
  const types = l.inputs.map((v) => (v < 0 ? '-' : plan.values[v]!.dtype)).join(', ');
  return new BuildError(`no kernel on this device runs ${l.name} (${l.op} of ${types})`, l.sources);
}
