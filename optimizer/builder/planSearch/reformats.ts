import type { Tactic } from '../../runtime.ts';
import { deferred } from '../open.ts';
import { BuildError, type Plan, type PlanLayer, type PlanValue } from '../plan.ts';
import type { Enumerator, Option } from './options.ts';
import { LINEAR } from './options.ts';
import { formatOf, isQuantizedFormat, layoutOfFormat, type Quantization } from './quantization.ts';
import { isPoint } from './search.ts';

/**
 * Writes the chosen formats into the plan and inserts a Copy ("reformat") wherever a reader wants another one than the
 * writer gives; readers that want the same one share it. Quantizing and dequantizing are reformats like any other.
 */
export function applyLayouts(
  plan: Plan,
  choice: readonly Option[],
  enumerator: Enumerator,
  quantization: Quantization | null = null,
): void {
  const layers: PlanLayer[] = [];
  const converted = new Map<string, number>();
  /** What a value is stored as: views and layers made later read it from the value. */
  const format = (v: number): string => {
    const value = plan.values[v]!;
    return formatOf(value.layout, value.scale !== undefined);
  };
  /** The value record of `v` in another format. */
  const inFormat = (v: number, wanted: string): PlanValue => {
    const { scale: _scale, ...plain } = plan.values[v]!;
    const layout = layoutOfFormat(wanted);
    if (!isQuantizedFormat(wanted))
      return { ...plain, dtype: plain.dtype === 'int8' && _scale !== undefined ? 'float32' : plain.dtype, layout };
    const scale = quantization?.scaleOf(v) ?? _scale;
    if (scale === undefined) throw new BuildError(`"${plain.name}" was to be quantized without a calibrated range`);
    return { ...plain, dtype: 'int8', scale, layout };
  };
  const add = (value: PlanValue): number => plan.values.push(value) - 1;

  const copyInto = (from: number, wanted: string): { value: number; layer: PlanLayer | null } => {
    const { view, external: _external, ...rest } = inFormat(from, wanted);
    const value = add(rest);
    if (isPoint(rest.shape) && !view && isQuantizedFormat(wanted) === isQuantizedFormat(format(from))) {
      // Spatially 1×1: the same bytes under another name.
      plan.values[value]!.view = { of: from, kind: 'reshape' };
      return { value, layer: null };
    }
    return { value, layer: copyLayer(plan, from, value, enumerator) };
  };

  plan.layers.forEach((l, i) => {
    const option = choice[i]!;
    if (option.tactic) l.tactic = option.tactic;
    const before: PlanLayer[] = [];
    const after: PlanLayer[] = [];
    l.inputs = l.inputs.map((v, k) => {
      const wanted = option.inputs[k]!;
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
        return v;
      }
      // The caller gets linear storage of the model's own dtype; any other format is written inside first.
      if (wanted === LINEAR || (isPoint(value.shape) && !isQuantizedFormat(wanted))) return v;
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

/** A layer that moves every element of `from` to `to`, whatever their layouts and views. */
export function copyLayer(
  plan: Plan,
  from: number,
  to: number,
  enumerator: Enumerator,
  sources: PlanLayer['sources'] = [],
): PlanLayer {
  const [source, target] = [plan.values[from]!, plan.values[to]!];
  const format = (v: PlanValue): string => formatOf(v.layout, v.scale !== undefined);
  const name = format(source) === format(target) ? 'Copy' : `Reformat ${format(source)} → ${format(target)}`;
  const layer: PlanLayer = { name, op: 'Copy', attrs: {}, inputs: [from], opInputs: 1, outputs: [to], sources };
  const found = bestCopy(enumerator.tactics(plan, layer), plan.values[from]!.layout, plan.values[to]!.layout);
  const open = enumerator.isOpen(plan, from) || enumerator.isOpen(plan, to);
  const tactic = found ?? (open ? deferred(layer) : undefined);
  if (!tactic) throw new BuildError(`the device cannot copy ${plan.values[from]!.dtype} values`);
  layer.tactic = tactic;
  return layer;
}

function bestCopy(tactics: readonly Tactic[], from: string, to: string): Tactic | undefined {
  const ok = (wanted: string | undefined, have: string): boolean => !wanted || wanted === have;
  return tactics.find(
    (t) => ok(t.inputLayouts[0], from) && ok(t.outputLayouts[0], to) && t.inputViews[0]! > 0 && t.outputViews[0]! > 0,
  );
}
