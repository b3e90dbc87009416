import type { Tactic } from '../../runtime.ts';
import { BuildError, type Plan, type PlanLayer } from '../plan.ts';
import type { Enumerator, Option } from './options.ts';
import { LINEAR } from './options.ts';
import { isPoint } from './search.ts';

/**
 * Writes the chosen layouts into the plan and inserts a Copy ("reformat") wherever a reader wants another layout than
 * the writer gives; readers that want the same one share it. Returns the layers in their new order.
 */
export function applyLayouts(plan: Plan, choice: readonly Option[], enumerator: Enumerator): void {
  const layers: PlanLayer[] = [];
  const converted = new Map<string, number>();
  const set = (v: number, layout: string): void => {
    if (layout !== '') plan.values[v]!.layout = layout;
  };

  const copyInto = (from: number, layout: string): { value: number; layer: PlanLayer | null } => {
    const base = plan.values[from]!;
    const { view: _view, external: _external, ...rest } = base;
    plan.values.push({ ...rest, layout });
    const value = plan.values.length - 1;
    if (isPoint(base.shape) && !base.view) {
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
      if (v < 0 || wanted === '' || plan.values[v]!.weight || plan.values[v]!.layout === wanted) return v;
      const key = `${v}:${wanted}`;
      const known = converted.get(key);
      if (known !== undefined) return known;
      const made = copyInto(v, wanted);
      if (made.layer) before.push(made.layer);
      converted.set(key, made.value);
      return made.value;
    });
    l.outputs = l.outputs.map((v, k) => {
      const layout = option.outputs[k]!;
      const value = plan.values[v]!;
      if (value.external !== 'output' || layout === '' || layout === LINEAR || isPoint(value.shape)) {
        set(v, isPoint(value.shape) && value.external ? LINEAR : layout);
        return v;
      }
      // The caller gets linear storage; the layer writes its own layout first.
      const { external: _external, ...rest } = value;
      plan.values.push({ ...rest, layout });
      const inner = plan.values.length - 1;
      after.push(copyLayer(plan, inner, v, enumerator));
      converted.set(`${v}:${layout}`, inner);
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
  const name =
    plan.values[from]!.layout === plan.values[to]!.layout
      ? 'Copy'
      : `Reformat ${plan.values[from]!.layout} → ${plan.values[to]!.layout}`;
  const layer: PlanLayer = { name, op: 'Copy', attrs: {}, inputs: [from], opInputs: 1, outputs: [to], sources };
  const tactic = bestCopy(enumerator.tactics(plan, layer), plan.values[from]!.layout, plan.values[to]!.layout);
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
