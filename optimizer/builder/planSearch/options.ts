import { bitsOf } from '../../ir/dtype.ts';
import type { NativeRuntime, Tactic } from '../../runtime.ts';
import { dimsOf, layerDescBytes, type StoredAs } from '../encode.ts';
import type { LibraryPolicy } from '../libraries.ts';
import { type Binding, isOpen, type Plan, type PlanLayer, rootOf } from '../plan.ts';
import type { Timing } from '../tuning/timingCache.ts';
import { formatOf, type Storage } from './format.ts';
import type { Variant } from './storages.ts';

export const LINEAR = 'linear';

const MOVED_BYTES_PER_NS = { cpu: 8, gpu: 1000 };
/** Nanoseconds before the first byte moves. */
const MOVE_START = { cpu: 1500, gpu: 2500 };
/** Nanoseconds that a Copy between layouts is slower than one within. */
const MIXED_COPY = 1000;

/** One way to execute a layer with every operand's storage format decided. Format ids are opaque: only equality counts. */
export interface Option {
  /** null for layers that dissolve into views (Reshape, view-wished Concat, Split). */
  readonly tactic: Tactic | null;
  /** Per layer input and output; '' where the operand is absent or a constant. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly cost: number;
  /** How the operands are stored, constants included; absent = as the model has them. */
  readonly variant?: Variant;
  /** Where it was timed; `cost` is then the median. */
  readonly timing?: Timing & { readonly ok: true };
}

/** Tactics that a person has pinned or forbidden. */
export interface TacticRules {
  /** The tactic a layer must have, by name. */
  pinned(layer: PlanLayer): string | undefined;
  forbidden(layer: PlanLayer, tactic: string): boolean;
}

/** Where tactics come from, and for which sizes. */
export interface TacticSource {
  readonly runtime: NativeRuntime;
  readonly device: string;
  readonly threads: number;
  readonly bind: Binding;
  /** Other sizes that every tactic must be able to run at. */
  readonly probes?: readonly Binding[];
  readonly tactics?: (name: string) => boolean;
  /** Libraries that are asked for tactics beside the device's own kernels. */
  readonly libraries?: LibraryPolicy;
  /** Why a layer cannot have a tactic that the device offers: a kernel that does not compile. */
  readonly broken?: (layer: PlanLayer, tactic: string) => string | undefined;
}

/**
 * The tactics that the device offers at other sizes of the profile too, in the same formats; workspace for the largest.
 * Sizes that the network cannot have (nothing is offered there) rule nothing out.
 */
function validAlsoAt(tactics: readonly Tactic[], there: readonly Tactic[]): readonly Tactic[] {
  if (there.length === 0) return tactics;
  const byName = new Map(there.map((t) => [t.name, t]));
  const form = (t: Tactic): string =>
    JSON.stringify([t.packing, t.inputLayouts, t.outputLayouts, t.inputViews, t.outputViews]);
  return tactics.flatMap((t) => {
    const other = byName.get(t.name);
    if (!other || form(other) !== form(t)) return [];
    return [other.workspace > t.workspace ? { ...t, workspace: other.workspace } : t];
  });
}

/** Asks the device once per distinct layer. */
export class Enumerator {
  private readonly cache = new Map<string, readonly Tactic[]>();
  private readonly offered = new Map<string, readonly Tactic[]>();
  private readonly source: TacticSource;
  /** Timings of auto-tuning, where it ran; estimates stand for the rest. */
  times: ((desc: Uint8Array, tactic: string) => Timing | undefined) | null = null;

  constructor(source: TacticSource) {
    this.source = source;
  }

  tactics(plan: Plan, layer: PlanLayer, stored?: StoredAs): readonly Tactic[] {
    const { bind, probes = [], tactics } = this.source;
    const bytes = layerDescBytes(plan, layer, bind, stored);
    let key = Buffer.from(bytes).toString('latin1');
    const others = new Map<string, Uint8Array>();
    for (const probe of probes) {
      const other = layerDescBytes(plan, layer, probe, stored);
      const text = Buffer.from(other).toString('latin1');
      if (text !== key) others.set(text, other);
    }
    const own = key;
    key = [own, ...others.keys()].join('|');
    const seen = this.cache.get(key);
    if (seen) return seen;
    let all = this.enumerate(own, bytes);
    for (const [text, other] of others) all = validAlsoAt(all, this.enumerate(text, other));
    const found = tactics ? all.filter((t) => tactics(t.name)) : all;
    this.cache.set(key, found);
    return found;
  }

  /** What runs the layer where all its tactics have failed: the CPU's kernels, on a device that has them do that. */
  fallbacks(plan: Plan, layer: PlanLayer, stored?: StoredAs): readonly Tactic[] {
    const { runtime, device, threads } = this.source;
    return runtime.fallbacks?.(device, this.desc(plan, layer, stored), threads) ?? [];
  }

  /** Why the layer cannot have the tactic. */
  broken(layer: PlanLayer, tactic: string): string | undefined {
    return this.source.broken?.(layer, tactic);
  }

  private enumerate(key: string, bytes: Uint8Array): readonly Tactic[] {
    const seen = this.offered.get(key);
    if (seen) return seen;
    const { runtime, device, threads, libraries } = this.source;
    const found = runtime.enumerate(device, bytes, threads, libraries?.asked);
    this.offered.set(key, found);
    return found;
  }

  /** Whether the device's kernels are compiled for the shapes that they run on. */
  get compiles(): boolean {
    return this.source.device !== 'cpu';
  }

  /** True when only running decides the value's shape. */
  isOpen(plan: Plan, value: number): boolean {
    return isOpen(plan.values[value]!, this.source.bind);
  }

  /** The layer as the device is asked about it, with the layouts that its operands are to have. */
  desc(plan: Plan, layer: PlanLayer, stored?: StoredAs, layouts?: ReadonlyMap<number, string>): Uint8Array {
    return layerDescBytes(plan, layer, this.source.bind, stored, layouts);
  }

  /** Description of a layer whose values already have their formats. */
  settledDesc(plan: Plan, layer: PlanLayer): Uint8Array {
    const layouts = new Map([...layer.inputs, ...layer.outputs].map((v) => [v, layoutName(plan.values[v]!.layout)]));
    return this.desc(plan, layer, undefined, layouts);
  }

  /** Nanoseconds of each tactic of a copy between two values as they are stored: timed, else estimated. */
  copyCosts(plan: Plan, copy: PlanLayer, tactics: readonly Tactic[]): Map<Tactic, number> {
    const desc = this.times && this.settledDesc(plan, copy);
    const cost = (tactic: Tactic): number => {
      const t = desc && this.times?.(desc, tactic.name);
      if (!t) return tactic.estimate;
      return t.ok ? t.median : Number.POSITIVE_INFINITY;
    };
    return new Map(tactics.map((t) => [t, cost(t)]));
  }

  /** Estimated nanoseconds of moving a value once through memory, from one storage to another. */
  moveCost(plan: Plan, value: number, from: Storage = '', to: Storage = ''): number {
    const v = plan.values[value]!;
    const count = dimsOf(v, this.source.bind).reduce((a, b) => a * b, 1);
    const kind = this.source.device === 'cpu' ? 'cpu' : 'gpu';
    const bytes = (count * (bitsOf(from || v.dtype) + bitsOf(to || v.dtype))) / 8;
    return MOVE_START[kind] + bytes / MOVED_BYTES_PER_NS[kind];
  }
}

/** Row-major storage is what a description means where it names no layout. */
export const layoutName = (layout: string): string => (layout === LINEAR ? '' : layout);

/** Layout ids that any tactic of the plan mentions: the alphabet of the search. */
export function layoutsOf(tactics: Iterable<Tactic>): string[] {
  const ids = new Set([LINEAR]);
  for (const t of tactics) for (const l of [...t.inputLayouts, ...t.outputLayouts]) if (l !== '') ids.add(l);
  return [...ids].sort();
}

/** Layer kinds that never launch: parts live in the whole's storage, or the storage is only read differently. */
export const dissolves = (l: PlanLayer): boolean => l.viewWish === true && l.op !== 'Transpose' && !l.resolve;

/** Whether a value can be stored in a layout other than linear: image-like, and not looked at through permuted views. */
export function canBeBlocked(plan: Plan, value: number, viewed: ReadonlySet<number>): boolean {
  return plan.values[value]!.shape.length === 4 && !viewed.has(rootOf(plan, value)) && !plan.values[value]!.view;
}

export function optionsOf(
  plan: Plan,
  l: PlanLayer,
  tactics: readonly Tactic[],
  layouts: readonly string[],
  viewed: ReadonlySet<number>,
  variant?: Variant,
): Option[] {
  const operand = (v: number, layout: string): string => {
    if (v < 0 || plan.values[v]!.weight) return '';
    return canBeBlocked(plan, v, viewed) ? layout : LINEAR;
  };
  const finish = (option: Option): Option =>
    variant === undefined
      ? option
      : {
          ...option,
          inputs: option.inputs.map((layout, i) => formatOf(layout, variant.inputs[i]!)),
          outputs: option.outputs.map((layout, i) => formatOf(layout, variant.outputs[i]!)),
          variant,
        };
  if (dissolves(l)) {
    const choices = l.op === 'Reshape' ? [LINEAR] : layouts;
    return choices.map((layout) =>
      finish({
        tactic: null,
        inputs: l.inputs.map((v) => operand(v, layout)),
        outputs: l.outputs.map((v) => operand(v, layout)),
        cost: 0,
      }),
    );
  }
  const out: Option[] = [];
  for (const tactic of tactics) {
    const free = [...tactic.inputLayouts, ...tactic.outputLayouts].some((x) => x === '');
    for (const layout of free ? layouts : [LINEAR]) {
      const pick = (v: number, wanted: string | undefined): string => {
        if (v < 0 || plan.values[v]!.weight) return '';
        return wanted ? wanted : operand(v, layout);
      };
      const inputs = l.inputs.map((v, i) => pick(v, tactic.inputLayouts[i]));
      const outputs = l.outputs.map((v, i) => pick(v, tactic.outputLayouts[i]));
      const fits = (v: number, id: string): boolean => id === '' || id === LINEAR || canBeBlocked(plan, v, viewed);
      if (!l.inputs.every((v, i) => fits(v, inputs[i]!)) || !l.outputs.every((v, i) => fits(v, outputs[i]!))) continue;
      // Kernels that read any strides are fastest when all operands share one order: mixing costs a little.
      out.push(finish({ tactic, inputs, outputs, cost: tactic.estimate }));
      if (l.op !== 'Copy') continue;
      // What quantizes may change the layout in the same pass: less than a reformat beside it.
      for (const other of layouts) {
        const to = l.outputs.map((v) => operand(v, other));
        if (to[0] !== outputs[0] && l.outputs.every((v, i) => fits(v, to[i]!)) && tactic.outputLayouts[0] === '')
          out.push(finish({ tactic, inputs, outputs: to, cost: tactic.estimate + MIXED_COPY }));
      }
    }
  }
  return out;
}
