import { type Plan, rootOf } from '../plan.ts';
import { formatOf, layoutOfFormat, type Storage, storageOfFormat } from './format.ts';
import { LINEAR, type Option } from './options.ts';

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
  moveCost: (value: number, from: string, to: string) => number,
  layouts: readonly string[],
): Assignment {
  const readers = new Map<number, { layer: number; index: number }[]>();
  const writer = new Map<number, { layer: number; index: number }>();
  // A view is stored as what it is a view of: one value, whoever names it.
  const root = plan.values.map((_, v) => rootOf(plan, v));
  plan.layers.forEach((l, layer) => {
    l.inputs.forEach((v, index) => {
      if (v < 0 || plan.values[v]!.weight) return;
      const list = readers.get(root[v]!) ?? [];
      list.push({ layer, index });
      readers.set(root[v]!, list);
    });
    l.outputs.forEach((v, index) => writer.set(root[v]!, { layer, index }));
  });
  const costs = new Map<string, number>();
  const move = (v: number, from: string, to: string): number => {
    const key = `${v}:${from}:${to}`;
    const cost = costs.get(key) ?? moveCost(v, from, to);
    costs.set(key, cost);
    return cost;
  };
  const kind = plan.values.map((v) => (isPoint(v.shape) ? pointFormat : (f: string): string => f));

  const run = (start: Start): Assignment => {
    const choice = options.map((list) => pickStart(list, start));
    const produced = (v: number): string => {
      const w = writer.get(v);
      return w ? choice[w.layer]!.outputs[w.index]! : LINEAR;
    };
    /** Reformats of one value: one per layout that some reader wants and the writer does not give. */
    const valueCost = (v: number): number => {
      const as = kind[v]!;
      const have = as(produced(v));
      const wanted = new Set<string>();
      for (const r of readers.get(v) ?? []) wanted.add(as(choice[r.layer]!.inputs[r.index]!));
      if (plan.values[v]!.external === 'output') wanted.add(LINEAR);
      wanted.delete(have);
      wanted.delete('');
      let cost = 0;
      for (const format of wanted) cost += move(v, have, format);
      return cost;
    };
    const touched = (layer: number): number[] => {
      const l = plan.layers[layer]!;
      const own = [...l.inputs, ...l.outputs].filter((v) => v >= 0 && !plan.values[v]!.weight);
      return [...new Set(own.map((v) => root[v]!))];
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
    for (let v = 0; v < plan.values.length; v++) {
      if (!plan.values[v]!.weight && root[v] === v) cost += valueCost(v);
    }
    return { choice, cost };
  };

  return startsOf(layouts, options)
    .map(run)
    .reduce((a, b) => (b.cost < a.cost ? b : a));
}

/** The format of a spatially 1×1 image: layouts are the same bytes, precisions are not. */
const pointFormat = (format: string): string => formatOf(format && LINEAR, storageOfFormat(format));

/** Spatially 1×1 images are the same bytes in every layout. */
export const isPoint = (shape: readonly unknown[]): boolean => shape.length === 4 && shape[2] === 1 && shape[3] === 1;

/** Where a descent begins: every layer in one layout, and in one storage where it is given. */
interface Start {
  readonly layout: string;
  readonly storage?: Storage;
}

/** Per layout, the cheapest options whatever their storage, and the cheapest in each storage. */
function startsOf(layouts: readonly string[], options: readonly (readonly Option[])[]): Start[] {
  const storages = new Set<Storage>();
  for (const list of options) for (const o of list) for (const s of storagesOf(o)) storages.add(s);
  const kinds = storages.size > 1 ? [undefined, ...[...storages].sort()] : [undefined];
  return layouts.flatMap((layout) =>
    kinds.map((storage) => (storage === undefined ? { layout } : { layout, storage })),
  );
}

const formatsOf = (o: Option): string[] => [...o.outputs, ...o.inputs].filter((x) => x !== '');
const storagesOf = (o: Option): Storage[] => formatsOf(o).map(storageOfFormat);

function pickStart(list: readonly Option[], start: Start): Option {
  const inLayout = list.filter((o) => formatsOf(o).every((x) => layoutOfFormat(x) === start.layout));
  const among = (from: readonly Option[]): readonly Option[] =>
    start.storage === undefined ? from : from.filter((o) => storagesOf(o).every((s) => s === start.storage));
  const from = [among(inLayout), among(list), inLayout, list].find((x) => x.length > 0)!;
  return from.reduce((a, b) => (b.cost < a.cost ? b : a));
}
