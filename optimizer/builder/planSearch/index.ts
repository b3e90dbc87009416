import type { NodeId } from '../../ir/graph.ts';
import type { NativeRuntime, Tactic } from '../../runtime.ts';
import { deferred, touchesOpen } from '../open.ts';
import { type Binding, BuildError, type Plan, type PlanLayer, rootOf } from '../plan.ts';
import { dissolves, Enumerator, layoutsOf, type Option, optionsOf } from './options.ts';
import { type PrecisionPolicy, Quantization } from './quantization.ts';
import { applyLayouts } from './reformats.ts';
import { searchLayouts } from './search.ts';
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
  /** Permission to store calibrated values as INT8; FP32 throughout by default. */
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
    l.candidates = dissolves(l) ? [] : candidatesOf(plan, l, enumerator, options.bind);
    if (l.candidates.length === 0 && !dissolves(l) && l.node !== undefined) inline.add(l.node);
    options.onProgress?.(i + 1, plan.layers.length, l.name);
  });
  if (inline.size > 0) return { inline, views: [], estimate: 0 };

  const viewed = new Set(plan.values.flatMap((v, i) => (v.view ? [rootOf(plan, i)] : [])));
  const layouts = layoutsOf(plan.layers.flatMap((l) => l.candidates ?? []));
  const quantization = options.precision ? new Quantization(plan, options.precision) : null;
  const choices = plan.layers.map((l) => {
    const plain = optionsOf(plan, l, l.candidates ?? [], layouts, viewed);
    const quantized: Option[] = [];
    for (const variant of quantization?.variantsOf(plan, l) ?? []) {
      const operands = new Set([
        ...l.inputs.filter((_, i) => variant.inputs[i]),
        ...l.outputs.filter((_, i) => variant.outputs[i]),
      ]);
      const stored = (v: number): number | undefined => (operands.has(v) ? quantization?.scaleOf(v) : undefined);
      const tactics = dissolves(l) ? [] : enumerator.tactics(plan, l, stored);
      l.candidates = [...(l.candidates ?? []), ...tactics];
      quantized.push(...optionsOf(plan, l, tactics, layouts, viewed, variant));
    }
    const forced = quantized.length > 0 && options.precision?.required?.(l) === true;
    const list = forced ? quantized : [...plain, ...quantized];
    if (list.length === 0) throw noTactic(plan, l);
    return list;
  });
  const found = searchLayouts(plan, choices, (v) => enumerator.moveCost(plan, v), layouts);
  applyLayouts(plan, found.choice, enumerator, quantization);
  const views = resolveViews(plan, enumerator, options.bind);
  return { inline, views, estimate: found.cost };
}

/** What the device offers; where shapes are decided by running, the choice may wait. */
function candidatesOf(plan: Plan, l: PlanLayer, enumerator: Enumerator, bind: Binding): readonly Tactic[] {
  if (l.resolve || l.bodies) return [deferred(l)];
  const found = enumerator.tactics(plan, l);
  return found.length === 0 && !l.fused && touchesOpen(plan, l, bind) ? [deferred(l)] : found;
}

export function noTactic(plan: Plan, l: PlanLayer): BuildError {
  const types = l.inputs.map((v) => (v < 0 ? '-' : plan.values[v]!.dtype)).join(', ');
  return new BuildError(`no kernel on this device runs ${l.name} (${l.op} of ${types})`, l.sources);
}
