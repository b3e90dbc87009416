import type { NodeId } from '../../ir/graph.ts';
import type { NativeRuntime } from '../../runtime.ts';
import type { StoredAs } from '../encode.ts';
import { type Binding, BuildError, type Plan, type PlanLayer, rootOf } from '../plan.ts';
import type { Storage, StoredType } from './format.ts';
import { dissolves, Enumerator, layoutsOf, type Option, optionsOf } from './options.ts';
import { applyLayouts } from './reformats.ts';
import { searchLayouts } from './search.ts';
import { type PrecisionPolicy, Storages, type Variant } from './storages.ts';
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
  readonly onProgress?: (done: number, total: number, layer: string) => void;
  readonly stop?: AbortSignal;
  /** Permission to store values in fewer bits; the model's own storage throughout by default. */
  readonly precision?: PrecisionPolicy;
  /** Which tactics may be chosen; all by default. */
  readonly tactics?: (name: string) => boolean;
}

/**
 * Chooses tactic, layout and storage for every layer together, and completes the plan with the reformats and copies
 * that the choice needs. When some fused layers have no tactic, nothing is changed and `inline` names their nodes.
 */
export function planSearch(plan: Plan, options: SearchOptions): SearchResult {
  const enumerator = new Enumerator(options);
  const inline = new Set<NodeId>();
  plan.layers.forEach((l, i) => {
    options.stop?.throwIfAborted();
    l.candidates = dissolves(l) ? [] : enumerator.tactics(plan, l);
    if (l.candidates.length === 0 && !dissolves(l) && l.node !== undefined) inline.add(l.node);
    options.onProgress?.(i + 1, plan.layers.length, l.name);
  });
  if (inline.size > 0) return { inline, views: [], estimate: 0 };

  const viewed = new Set(plan.values.flatMap((v, i) => (v.view ? [rootOf(plan, i)] : [])));
  const layouts = layoutsOf(plan.layers.flatMap((l) => l.candidates ?? []));
  const storages = options.precision ? new Storages(plan, options.precision) : null;
  const choices = plan.layers.map((l) => {
    const plain = optionsOf(plan, l, l.candidates ?? [], layouts, viewed);
    const stored: Option[] = [];
    for (const variant of storages?.variantsOf(plan, l) ?? []) {
      const tactics = dissolves(l) ? [] : enumerator.tactics(plan, l, operandStorage(storages!, plan, l, variant));
      l.candidates = [...(l.candidates ?? []), ...tactics];
      stored.push(...optionsOf(plan, l, tactics, layouts, viewed, variant));
    }
    const list = stored.length > 0 && storages!.demands(l) ? stored : [...plain, ...stored];
    if (list.length === 0) throw noTactic(plan, l);
    return list;
  });
  const found = searchLayouts(plan, choices, (v, from, to) => enumerator.moveCost(plan, v, from, to), layouts);
  applyLayouts(plan, found.choice, enumerator, storages);
  const views = resolveViews(plan, enumerator, options.bind);
  return { inline, views, estimate: found.cost };
}

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

export function noTactic(plan: Plan, l: PlanLayer): BuildError {
  const types = l.inputs.map((v) => (v < 0 ? '-' : plan.values[v]!.dtype)).join(', ');
  return new BuildError(`no kernel on this device runs ${l.name} (${l.op} of ${types})`, l.sources);
}
