import type { Plan } from '../plan.ts';
import { LINEAR, type Option } from './options.ts';
import { formatOf, isQuantizedFormat, layoutOfFormat } from './quantization.ts';

/** The chosen option per layer, and the layout that each value is produced in. */
export interface Assignment {
  readonly choice: Option[];
  readonly cost: number;
}

/**
 * Chooses one option per layer so that the sum of layer costs and of the reformats between them is small: coordinate
 * descent from one start per layout, best result kept. Deterministic: sweeps go in layer order, ties keep the earlier
 * option, and options come ordered by cost and name.
 */
export function searchLayouts(
  plan: Plan,
  options: readonly (readonly Option[])[],
  moveCost: (value: number) => number,
  layouts: readonly string[],
): Assignment {
  const readers = new Map<number, { layer: number; index: number }[]>();
  const writer = new Map<number, { layer: number; index: number }>();
  plan.layers.forEach((l, layer) => {
    l.inputs.forEach((v, index) => {
      if (v < 0 || plan.values[v]!.weight) return;
      const list = readers.get(v) ?? [];
      list.push({ layer, index });
      readers.set(v, list);
    });
    l.outputs.forEach((v, index) => writer.set(v, { layer, index }));
  });
  const move = plan.values.map((v, i) => (v.weight ? 0 : moveCost(i)));
  const kind = plan.values.map((v) => (isPoint(v.shape) ? pointFormat : (f: string): string => f));

  const run = (start: string): Assignment => {
    const choice = options.map((list) => pickStart(list, start));
    const produced = (v: number): string => {
      const w = writer.get(v);
      return w ? choice[w.layer]!.outputs[w.index]! : LINEAR;
    };
    /** Reformats of one value: one per layout that some reader wants and the writer does not give. */
    const valueCost = (v: number): number => {
      if (move[v] === 0) return 0;
      const as = kind[v]!;
      const have = as(produced(v));
      const wanted = new Set<string>();
      for (const r of readers.get(v) ?? []) wanted.add(as(choice[r.layer]!.inputs[r.index]!));
      if (plan.values[v]!.external === 'output') wanted.add(LINEAR);
      wanted.delete(have);
      wanted.delete('');
      return wanted.size * move[v]!;
    };
    const touched = (layer: number): number[] => {
      const l = plan.layers[layer]!;
      return [...new Set([...l.inputs, ...l.outputs])].filter((v) => v >= 0 && !plan.values[v]!.weight);
    };
    const localCost = (layer: number): number =>
      choice[layer]!.cost + touched(layer).reduce((s, v) => s + valueCost(v), 0);

    for (let sweep = 0, changed = true; changed && sweep < 30; sweep++) {
      changed = false;
      for (let step = 0; step < options.length; step++) {
        const layer = sweep % 2 === 0 ? step : options.length - 1 - step;
        const before = choice[layer]!;
        let best = before;
        let bestCost = localCost(layer);
        for (const option of options[layer]!) {
          if (option === before) continue;
          choice[layer] = option;
          const cost = localCost(layer);
          if (cost < bestCost - 1e-9) {
            best = option;
            bestCost = cost;
          }
        }
        choice[layer] = best;
        if (best !== before) changed = true;
      }
    }
    let cost = choice.reduce((s, o) => s + o.cost, 0);
    for (let v = 0; v < plan.values.length; v++) if (!plan.values[v]!.weight) cost += valueCost(v);
    return { choice, cost };
  };

  return layouts.map(run).reduce((a, b) => (b.cost < a.cost ? b : a));
}

/** The format of a spatially 1×1 image: layouts are the same bytes, precisions are not. */
const pointFormat = (format: string): string => (format === '' ? '' : formatOf(LINEAR, isQuantizedFormat(format)));

/** Spatially 1×1 images are the same bytes in every layout. */
export const isPoint = (shape: readonly unknown[]): boolean => shape.length === 4 && shape[2] === 1 && shape[3] === 1;

function pickStart(list: readonly Option[], layout: string): Option {
  const inLayout = list.filter((o) =>
    [...o.outputs, ...o.inputs].every((x) => x === '' || layoutOfFormat(x) === layout),
  );
  const from = inLayout.length > 0 ? inLayout : list;
  return from.reduce((a, b) => (b.cost < a.cost ? b : a));
}
