import { type Plan, rootOf } from '../plan.ts';

/** The part of a storage that a value covers: [from, to) along one axis, or all of it where the axis is -1. */
interface Part {
  readonly root: number;
  readonly axis: number;
  readonly from: number;
  readonly to: number;
}

/** The part of its root's storage that a value may touch: exact for slices at fixed places, all of it otherwise. */
function partOf(plan: Plan, value: number): Part {
  const chain: number[] = [];
  for (let v = value; plan.values[v]!.view; v = plan.values[v]!.view!.of) chain.push(v);
  let part: Part = { root: rootOf(plan, value), axis: -1, from: 0, to: Number.POSITIVE_INFINITY };
  // From the storage outwards; what lies behind a reshape or a permutation covers no more than what it is made of.
  for (const v of chain.reverse()) {
    const { view, shape } = plan.values[v]!;
    if (view!.kind !== 'slice' || (part.axis >= 0 && part.axis !== view!.axis)) break;
    const [start, size] = [view!.start ?? 0, shape[view!.axis!]];
    if (typeof start !== 'number' || typeof size !== 'number') break;
    part = { root: part.root, axis: view!.axis!, from: part.from + start, to: part.from + start + size };
  }
  return part;
}

const overlap = (a: Part, b: Part): boolean =>
  a.root === b.root && (a.axis < 0 || b.axis < 0 || a.axis !== b.axis || (a.from < b.to && b.from < a.to));

/**
 * Per layer the earlier layers that it must come after: those that write what it reads, and those that read or write what
 * it writes. Slices of one storage that do not overlap (the parts of a concatenation) are independent of each other.
 */
export function dependencies(plan: Plan): number[][] {
  const seen = new Map<number, { readonly layer: number; readonly writes: boolean; readonly part: Part }[]>();
  return plan.layers.map((l, layer) => {
    const found = new Set<number>();
    const touches = [...touched(plan, l.inputs, false), ...touched(plan, l.outputs, true)];
    for (const { part, writes } of touches) {
      for (const other of seen.get(part.root) ?? []) {
        if ((writes || other.writes) && overlap(part, other.part)) found.add(other.layer);
      }
    }
    for (const { part, writes } of touches) {
      const list = seen.get(part.root) ?? [];
      list.push({ layer, writes, part });
      seen.set(part.root, list);
    }
    return [...found].sort((a, b) => a - b);
  });
}

function touched(plan: Plan, values: readonly number[], writes: boolean): { part: Part; writes: boolean }[] {
  return values.flatMap((v) => {
    if (v < 0) return [];
    const part = partOf(plan, v);
    return plan.values[part.root]!.weight ? [] : [{ part, writes }];
  });
}
