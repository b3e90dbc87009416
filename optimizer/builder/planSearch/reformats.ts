import { castWeight } from '../../ir/weights.ts';
import type { Tactic } from '../../runtime.ts';
import { deferred } from '../open.ts';
import { BuildError, type Plan, type PlanLayer, type PlanValue, rootOf } from '../plan.ts';
import { formatOf, layoutOfFormat, type Storage, storageOfFormat } from './format.ts';
import type { Enumerator, Option } from './options.ts';
import { LINEAR } from './options.ts';
import { isPoint } from './search.ts';
import type { Storages } from './storages.ts';

/**
 * Writes the chosen formats into the plan and inserts a Copy ("reformat") wherever a reader wants another one than the
 * writer gives; readers that want the same one share it. Quantizing and dequantizing are reformats like any other.
 */
export function applyLayouts(
  plan: Plan,
  choice: readonly Option[],
  enumerator: Enumerator,
  storages: Storages | null = null,
): void {
  const layers: PlanLayer[] = [];
  const converted = new Map<string, number>();
  /** What a value is stored as: views and layers made later read it from the value. */
  const format = (v: number): string => formatOfValue(plan.values[v]!);
  const inFormat = (v: number, wanted: string): PlanValue => valueInFormat(plan, v, wanted, storages);
  const add = (value: PlanValue): number => plan.values.push(value) - 1;
  /** The other values of one storage: what `v` is a view of, and the views of that (lowering makes them, row-major). */
  const viewed = plan.values.some((v) => v.view);
  const sameStorage = (v: number): number[] => {
    if (!viewed) return [];
    const root = rootOf(plan, v);
    return plan.values.flatMap((_, u) => (u !== v && rootOf(plan, u) === root ? [u] : []));
  };

  const copyInto = (from: number, wanted: string): { value: number; layer: PlanLayer | null } => {
    const { view, external: _external, ...rest } = inFormat(from, wanted);
    const value = add(rest);
    if (isPoint(rest.shape) && !view && storageOfFormat(wanted) === storageOfFormat(format(from))) {
      // Spatially 1×1: the same bytes under another name.
      plan.values[value]!.view = { of: from, kind: 'reshape' };
      return { value, layer: null };
    }
    return { value, layer: copyLayer(plan, from, value, enumerator) };
  };

  /** A constant in 16 bits: the cast belongs to its expression. */
  const castConstant = (v: number, storage: Storage): number => {
    const key = `${v}:${storage}`;
    const known = converted.get(key);
    if (known !== undefined) return known;
    const { weight, ...rest } = plan.values[v]!;
    if (storage !== 'float16' && storage !== 'bfloat16')
      throw new BuildError(`"${rest.name}" cannot be a ${storage} constant`);
    const made = add({ ...rest, dtype: storage, own: rest.dtype, weight: castWeight(weight!, storage) });
    converted.set(key, made);
    return made;
  };

  plan.layers.forEach((l, i) => {
    const option = choice[i]!;
    if (option.tactic) l.tactic = option.tactic;
    const before: PlanLayer[] = [];
    const after: PlanLayer[] = [];
    l.inputs = l.inputs.map((v, k) => {
      const wanted = option.inputs[k]!;
      const constant = v < 0 ? '' : (option.variant?.inputs[k] ?? '');
      if (v >= 0 && plan.values[v]!.weight && constant !== '') return castConstant(v, constant);
      if (v < 0 || wanted === '' || plan.values[v]!.weight || format(v) === wanted) return v;
      const key = `${v}:${wanted}`;
      const known = converted.get(key);
      if (known !== undefined) return known;
      const made = copyInto(v, wanted);
      if (made.layer) before.push(made.layer);
      converted.set(key, made.value);
      return made.value;
    });
    l.outputs = l.outputs.map((v, k) => {
      const wanted = option.outputs[k]!;
      const value = plan.values[v]!;
      if (wanted === '') return v;
      if (value.external !== 'output') {
        plan.values[v] = inFormat(v, wanted);
        for (const u of sameStorage(v)) plan.values[u] = inFormat(u, formatOf(LINEAR, storageOfFormat(wanted)));
        return v;
      }
      // The caller gets linear storage of the model's own dtype; any other format is written inside first.
      if (wanted === LINEAR || (isPoint(value.shape) && storageOfFormat(wanted) === '')) return v;
      const { external: _external, ...rest } = inFormat(v, wanted);
      const inner = add(rest);
      after.push(copyLayer(plan, inner, v, enumerator));
      converted.set(`${v}:${wanted}`, inner);
      return inner;
    });
    layers.push(...before, l, ...after);
  });
  plan.layers.splice(0, plan.layers.length, ...layers);
}

/** The value record of `v` in another format. */
export function valueInFormat(plan: Plan, v: number, wanted: string, storages: Storages | null): PlanValue {
  const { scale: _scale, zeroPoint: _zero, own, ...rest } = plan.values[v]!;
  const plain: PlanValue = { ...rest, dtype: own ?? rest.dtype, layout: layoutOfFormat(wanted) };
  const storage = storageOfFormat(wanted);
  // A value that the model itself has quantized keeps its scale where its own storage is asked for.
  if (storage === '') return own === undefined ? { ...plan.values[v]!, layout: plain.layout } : plain;
  const stored = storageOf(plan.values[v]!) === storage ? plan.values[v]! : storages?.stored(plan, v, storage);
  if (!stored) throw new BuildError(`"${plain.name}" cannot be stored as ${storage}`);
  return {
    ...plain,
    dtype: stored.dtype,
    own: plain.dtype,
    ...(stored.scale === undefined ? {} : { scale: stored.scale }),
    ...(stored.zeroPoint === undefined ? {} : { zeroPoint: stored.zeroPoint }),
  };
}

const storageOf = (v: PlanValue): Storage => (v.own === undefined ? '' : (v.dtype as Storage));

const formatOfValue = (v: PlanValue): string => formatOf(v.layout, storageOf(v));

/** A layer that moves every element of `from` to `to`, whatever their layouts and views. */
export function copyLayer(
  plan: Plan,
  from: number,
  to: number,
  enumerator: Enumerator,
  sources: PlanLayer['sources'] = [],
): PlanLayer {
  const [source, target] = [plan.values[from]!, plan.values[to]!];
  const [was, becomes] = [formatOfValue(source), formatOfValue(target)];
  const name = was === becomes ? 'Copy' : `Reformat ${was} → ${becomes}`;
  const layer: PlanLayer = { name, op: 'Copy', attrs: {}, inputs: [from], opInputs: 1, outputs: [to], sources };
  const open = enumerator.isOpen(plan, from) || enumerator.isOpen(plan, to);
  const ready = open && enumerator.compiles ? undefined : copyTactics(plan, layer, enumerator)[0];
  const tactic = ready ?? (open ? deferred(layer) : undefined);
  if (!tactic) throw new BuildError(`the device cannot copy ${plan.values[from]!.dtype} values`);
  layer.tactic = tactic;
  return layer;
}

/** The tactics that move between the layouts of a copy's two values, whatever their views; the cheapest first. */
export function copyTactics(plan: Plan, copy: PlanLayer, enumerator: Enumerator): Tactic[] {
  const [from, to] = [plan.values[copy.inputs[0]!]!.layout, plan.values[copy.outputs[0]!]!.layout];
  const ok = (wanted: string | undefined, have: string): boolean => !wanted || wanted === have;
  const moves = (t: Tactic): boolean =>
    ok(t.inputLayouts[0], from) && ok(t.outputLayouts[0], to) && t.inputViews[0]! > 0 && t.outputViews[0]! > 0;
  const offered = enumerator.tactics(plan, copy).filter(moves);
  const whole = offered.filter((t) => enumerator.broken(copy, t.name) === undefined);
  const found = whole.length > 0 || offered.length === 0 ? whole : enumerator.fallbacks(plan, copy).filter(moves);
  const cost = enumerator.copyCosts(plan, copy, found);
  return found.sort((a, b) => cost.get(a)! - cost.get(b)!);
}
