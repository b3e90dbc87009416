import type { StoredAs } from '../encode.ts';
import { libraryOf } from '../libraries.ts';
import type { Plan, PlanLayer } from '../plan.ts';
import type { LevelPolicy } from '../tuning/levels.ts';
import type { PlanTuner, Trial } from '../tuning/tuner.ts';
import { layoutOfFormat, storageOfFormat } from './format.ts';
import { type Enumerator, LINEAR, layoutName, type Option } from './options.ts';
import { copyTactics, valueInFormat } from './reformats.ts';
import { isPoint } from './search.ts';
import type { Storages, Variant } from './storages.ts';

/** Options of one layer, and what each looks like to the device. */
export interface LayerOptions {
  readonly options: readonly Option[];
  storage(variant: Variant): StoredAs;
}

/** How an option is to be timed, or null when it launches nothing. */
export function trialOf(plan: Plan, l: PlanLayer, from: LayerOptions, o: Option, enumerator: Enumerator): Trial | null {
  if (!o.tactic) return null;
  const layouts = new Map<number, string>();
  // The kernel's own layouts are known to the device; the others are this option's choice.
  const note = (v: number, format: string, wanted: string | undefined): void => {
    if (v >= 0 && !wanted && format !== '') layouts.set(v, layoutName(layoutOfFormat(format)));
  };
  l.inputs.forEach((v, i) => {
    note(v, o.inputs[i]!, o.tactic!.inputLayouts[i]);
  });
  l.outputs.forEach((v, i) => {
    note(v, o.outputs[i]!, o.tactic!.outputLayouts[i]);
  });
  const stored = o.variant ? from.storage(o.variant) : undefined;
  return { desc: enumerator.desc(plan, l, stored, layouts), tactic: o.tactic.name, layer: l.name };
}

const formatsOf = (o: Option): string => `${o.inputs.join()}|${o.outputs.join()}`;

/**
 * The options of a layer that are worth timing: the best estimates in each format, hopeless ones left out. Those that launch
 * nothing are all kept: the reformats in front of them cost time.
 */
export function worthTiming(options: readonly Option[], policy: LevelPolicy): Option[] {
  const byFormat = new Map<string, Option[]>();
  for (const o of options) {
    if (!o.tactic?.name) continue;
    const list = byFormat.get(formatsOf(o)) ?? [];
    list.push(o);
    byFormat.set(formatsOf(o), list);
  }
  const groups = [...byFormat.values()].map((list) => [...list].sort((a, b) => a.cost - b.cost));
  const best = Math.min(...groups.map((g) => g[0]!.cost));
  const timed = groups.flatMap((g) => g.filter((o) => o.cost <= best * policy.far).slice(0, policy.tactics));
  return [...options.filter((o) => o.tactic === null), ...timed];
}

/** The copies that the search may have to insert: per value, from what its writer can give to what its readers can take. */
export function reformatTrials(
  plan: Plan,
  options: readonly (readonly Option[])[],
  enumerator: Enumerator,
  storages: Storages | null,
): Trial[] {
  const given = new Map<number, Set<string>>();
  const taken = new Map<number, Set<string>>();
  const add = (map: Map<number, Set<string>>, v: number, format: string): void => {
    if (v < 0 || format === '' || plan.values[v]!.weight) return;
    const set = map.get(v) ?? new Set();
    map.set(v, set.add(format));
  };
  plan.values.forEach((v, i) => {
    if (v.external === 'input') add(given, i, LINEAR);
    if (v.external === 'output') add(taken, i, LINEAR);
  });
  plan.layers.forEach((l, i) => {
    for (const o of options[i]!) {
      l.inputs.forEach((v, k) => {
        add(taken, v, o.inputs[k]!);
      });
      l.outputs.forEach((v, k) => {
        add(given, v, o.outputs[k]!);
      });
    }
  });
  const trials: Trial[] = [];
  for (const [v, formats] of given) {
    for (const from of formats) {
      for (const to of taken.get(v) ?? []) trials.push(...reformat(plan, v, from, to, enumerator, storages));
    }
  }
  return trials;
}

/** The trials of one reformat; none where it is no work, or no device can do it. */
function reformat(
  plan: Plan,
  v: number,
  from: string,
  to: string,
  enumerator: Enumerator,
  storages: Storages | null,
): Trial[] {
  const copy = reformatLayer(plan, v, from, to, storages);
  if (!copy) return [];
  const desc = enumerator.settledDesc(copy.plan, copy.layer);
  return copyTactics(copy.plan, copy.layer, enumerator).map((t) => ({
    desc,
    tactic: t.name,
    layer: `Reformat ${from} → ${to}`,
  }));
}

/** A copy of `v` from one format to another as a plan of its own; null where both are the same bytes. */
function reformatLayer(
  plan: Plan,
  v: number,
  from: string,
  to: string,
  storages: Storages | null,
): { plan: Plan; layer: PlanLayer } | null {
  if (from === to) return null;
  const bare = (format: string): Plan['values'][number] => {
    const { view: _view, external: _external, ...rest } = valueInFormat(plan, v, format, storages);
    return rest;
  };
  const [source, target] = [bare(from), bare(to)];
  if (isPoint(source.shape) && source.dtype === target.dtype) return null;
  const layer: PlanLayer = { name: 'Copy', op: 'Copy', attrs: {}, inputs: [0], opInputs: 1, outputs: [1], sources: [] };
  return { plan: { values: [source, target], layers: [layer], inputs: [], outputs: [] }, layer };
}

/** Nanoseconds of a reformat: timed, else estimated by the bytes it moves. */
export function reformatCost(
  plan: Plan,
  v: number,
  from: string,
  to: string,
  enumerator: Enumerator,
  storages: Storages | null,
  estimate: () => number,
): number {
  if (!enumerator.times) return estimate();
  const copy = reformatLayer(plan, v, from, to, storages);
  if (!copy) return 0;
  const best = copyTactics(copy.plan, copy.layer, enumerator)[0];
  if (!best) return estimate();
  const timing = enumerator.times(enumerator.settledDesc(copy.plan, copy.layer), best.name);
  return timing?.ok ? timing.median : estimate();
}

/** The options that timing leaves, at their timed cost: what failed is out, and so is what was not timed where others were. */
export function timedOptions(
  plan: Plan,
  l: PlanLayer,
  from: LayerOptions,
  enumerator: Enumerator,
  tuner: PlanTuner,
): { options: Option[]; failures: Map<Option, string> } {
  const timed: Option[] = [];
  const untimed: Option[] = [];
  const failures = new Map<Option, string>();
  for (const o of from.options) {
    const trial = trialOf(plan, l, from, o, enumerator);
    const timing = trial ? tuner.timing(trial.desc, trial.tactic) : undefined;
    if (!trial) timed.push(o);
    // What a library computes is compared with our kernels when it is timed: untimed, it is not chosen.
    else if (!timing) untimed.push(...(libraryOf(trial.tactic) ? [] : [o]));
    else if (timing.ok) timed.push({ ...o, cost: timing.median, timing });
    else failures.set(o, timing.error);
  }
  return { options: timed.length > 0 ? settleTies(timed) : untimed, failures };
}

/** An option with the time that it took, where it was timed. */
export function withTiming(
  plan: Plan,
  l: PlanLayer,
  from: LayerOptions,
  o: Option,
  enumerator: Enumerator,
  tuner: PlanTuner,
): Option {
  const trial = trialOf(plan, l, from, o, enumerator);
  const timing = trial ? tuner.timing(trial.desc, trial.tactic) : undefined;
  return timing?.ok ? { ...o, cost: timing.median, timing } : o;
}

/** Writing 32 bits has to be faster by this share than writing 16: timings repeat to about half of it. */
const WIDER = 0.04;

/** Of ways that read the same and are nearly as fast, the one that writes 16 bits is better: what it saves in memory is certain. */
function settleTies(options: readonly Option[]): Option[] {
  const reads = (o: Option): string => o.inputs.join();
  const halves = new Set(options.filter((o) => o.outputs.every(isHalf)).map(reads));
  const wide = (o: Option): boolean => o.outputs.some((f) => storageOfFormat(f) === '' && f !== '');
  return options.map((o) => (wide(o) && halves.has(reads(o)) ? { ...o, cost: o.cost * (1 + WIDER) } : o));
}

const isHalf = (format: string): boolean => ['float16', 'bfloat16'].includes(storageOfFormat(format));
