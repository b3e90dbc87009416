import type { Plan, PlanLayer, PlanValue } from '../plan.ts';

/** Layers that hand integers on as they are (MaxPool: compare them), whatever they mean. */
const MOVERS = new Set([
  ...['Concat', 'Split', 'Slice', 'Reshape', 'Transpose', 'Shuffle', 'Copy', 'MaxPool', 'Gather'],
  ...['DepthToSpace', 'SpaceToDepth'],
]);

const isMover = (l: PlanLayer): boolean =>
  MOVERS.has(l.op) ||
  (l.op === 'Resize' && l.attrs.mode === 'nearest' && l.attrs.coordinate_mode !== 'tf_crop_and_resize');

const isInteger = (v: PlanValue): boolean => v.dtype === 'int8' || v.dtype === 'uint8';
const isMeaning = (v: PlanValue): boolean => v.view?.kind === 'reshape' && v.scale !== undefined && isInteger(v);

/**
 * Lowering gives every reading of integers with a scale a value of its own, a view of the integers. Where all readers and
 * the writer of some integers, and of what layers merely move from them, agree, the scale becomes the integers' own and the
 * views go; where they differ (one reader wants plain integers, say) the views stay.
 */
export function settleMeanings(plan: Plan): void {
  const { values, layers } = plan;
  const parent = values.map((_, i) => i);
  const find = (v: number): number => {
    while (parent[v] !== v) v = parent[v] = parent[parent[v]!]!;
    return v;
  };
  const tie = (a: number, b: number): void => {
    parent[find(a)] = find(b);
  };
  const direct = (v: number): boolean => v >= 0 && isInteger(values[v]!) && values[v]!.scale === undefined;
  const plain = new Set<number>();
  values.forEach((v, i) => {
    if (v.view && direct(i)) tie(i, v.view.of);
  });
  for (const l of layers) {
    const operands = [...l.inputs, ...l.outputs];
    const integers = operands.filter(direct);
    const moves = isMover(l) && !l.program && !operands.some((v) => v >= 0 && isMeaning(values[v]!));
    if (moves) for (const v of integers.slice(1)) tie(v, integers[0]!);
    else for (const v of integers) plain.add(v);
  }
  const meanings = new Map<number, { readonly scale: number; readonly zeroPoint: number }[]>();
  const used = new Set(layers.flatMap((l) => [...l.inputs, ...l.outputs]));
  values.forEach((v, i) => {
    if (!isMeaning(v) || !used.has(i)) return;
    const list = meanings.get(find(v.view!.of)) ?? [];
    meanings.set(find(v.view!.of), list);
    const own = { scale: v.scale!, zeroPoint: v.zeroPoint ?? 0 };
    if (!list.some((m) => m.scale === own.scale && m.zeroPoint === own.zeroPoint)) list.push(own);
  });
  for (const v of plain) meanings.delete(find(v));
  const agreed = (v: number): { readonly scale: number; readonly zeroPoint: number } | null => {
    const list = meanings.get(find(v));
    return list?.length === 1 ? list[0]! : null;
  };
  const became = new Map<number, number>();
  values.forEach((v, i) => {
    if (isMeaning(v)) {
      if (!agreed(v.view!.of)) return;
      became.set(i, v.view!.of);
    } else if (direct(i)) {
      const m = agreed(i);
      if (m) values[i] = { ...v, ...m };
    }
  });
  for (const i of became.keys()) {
    const { view: _, ...rest } = values[i]!;
    values[i] = rest;
  }
  for (const l of layers) {
    l.inputs = l.inputs.map((v) => became.get(v) ?? v);
    l.outputs = l.outputs.map((v) => became.get(v) ?? v);
  }
}
