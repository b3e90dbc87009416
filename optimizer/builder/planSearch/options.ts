import type { NativeRuntime, Tactic } from '../../runtime.ts';
import { dimsOf, layerDescBytes, type StoredAs } from '../encode.ts';
import { type Binding, isOpen, type Plan, type PlanLayer, rootOf } from '../plan.ts';
import { formatOf, type Variant } from './quantization.ts';

export const LINEAR = 'linear';

/** One way to execute a layer with every operand's storage format decided. Format ids are opaque: only equality counts. */
export interface Option {
  /** null for layers that dissolve into views (Reshape, view-wished Concat, Split). */
  readonly tactic: Tactic | null;
  /** Per layer input and output; '' where the operand is absent or a constant. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly cost: number;
}

/** Where tactics come from, and for which sizes. */
export interface TacticSource {
  readonly runtime: NativeRuntime;
  readonly device: string;
  readonly threads: number;
  readonly bind: Binding;
  readonly tactics?: (name: string) => boolean;
}

/** Asks the device once per distinct layer. */
export class Enumerator {
  private readonly cache = new Map<string, readonly Tactic[]>();
  private readonly source: TacticSource;

  constructor(source: TacticSource) {
    this.source = source;
  }

  tactics(plan: Plan, layer: PlanLayer, stored?: StoredAs): readonly Tactic[] {
    const { runtime, device, threads, bind, tactics } = this.source;
    const bytes = layerDescBytes(plan, layer, bind, stored);
    const key = Buffer.from(bytes).toString('latin1');
    const seen = this.cache.get(key);
    if (seen) return seen;
    const all = runtime.enumerate(device, bytes, threads);
    const found = tactics ? all.filter((t) => tactics(t.name)) : all;
    this.cache.set(key, found);
    return found;
  }

  /** True when only running decides the value's shape. */
  isOpen(plan: Plan, value: number): boolean {
    return isOpen(plan.values[value]!, this.source.bind);
  }

  /** Nanoseconds of moving a value once through memory: what a reformat or an avoided copy is worth. */
  moveCost(plan: Plan, value: number): number {
    const v = plan.values[value]!;
    const bytes = dimsOf(v, this.source.bind).reduce((a, b) => a * b, 1) * 4;
    return 1500 + (2 * bytes) / 8;
  }
}

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
          inputs: option.inputs.map((layout, i) => formatOf(layout, variant.inputs[i] === true)),
          outputs: option.outputs.map((layout, i) => formatOf(layout, variant.outputs[i] === true)),
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
    }
  }
  return out;
}
