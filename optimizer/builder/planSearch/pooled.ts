import type { Plan, PlanLayer } from '../plan.ts';

/** A convolution, the 2 × 2 max pooling that alone reads it, and both as one layer. */
export interface Join {
  readonly conv: PlanLayer;
  readonly pool: PlanLayer;
  readonly joined: PlanLayer;
}

/**
 * The convolutions of a plan that could be joined with the 2 × 2 max pooling behind them: their own result then never goes through
 * memory. Whether that is wanted only the device knows, so that no pass decides it.
 */
export function joinsOf(plan: Plan): Join[] {
  const readers = readersOf(plan);
  return plan.layers.flatMap((pool) => {
    const conv = isPool(pool) ? convolutionBefore(plan, pool, readers) : null;
    if (!conv) return [];
    const joined: PlanLayer = {
      ...conv,
      name: `${conv.name} + ${pool.name}`,
      op: 'ConvMaxPool',
      outputs: pool.outputs,
      sources: [...new Set([...conv.sources, ...pool.sources])],
    };
    return [{ conv, pool, joined }];
  });
}

/** Puts joined layers in the place of the two. */
export function join(plan: Plan, joins: readonly Join[]): void {
  if (joins.length === 0) return;
  const instead = new Map(joins.map((j) => [j.pool, j.joined]));
  const gone = new Set(joins.map((j) => j.conv));
  const layers = plan.layers.filter((l) => !gone.has(l)).map((l) => instead.get(l) ?? l);
  plan.layers.splice(0, plan.layers.length, ...layers);
}

/** Layers that read each value; bindings and views count as another reader. */
function readersOf(plan: Plan): Map<number, (PlanLayer | null)[]> {
  const readers = new Map<number, (PlanLayer | null)[]>();
  const add = (v: number, reader: PlanLayer | null): void => {
    readers.set(v, [...(readers.get(v) ?? []), reader]);
  };
  for (const l of plan.layers) for (const v of l.inputs) add(v, l);
  for (const b of plan.outputs) add(b.value, null);
  for (const v of plan.values) if (v.view) add(v.view.of, null);
  return readers;
}

function isPool(l: PlanLayer): boolean {
  const is = (name: string, value: number): boolean => {
    const list = l.attrs[name];
    return Array.isArray(list) && list.every((x) => x === value);
  };
  const window = l.attrs.kernel_shape;
  return (
    l.op === 'MaxPool' &&
    l.outputs.length === 1 &&
    !l.program &&
    !l.resolve &&
    Array.isArray(window) &&
    window.length === 2 &&
    is('kernel_shape', 2) &&
    is('strides', 2) &&
    is('dilations', 1) &&
    is('pads', 0)
  );
}

/** The convolution whose only reader is the pooling, if it can be joined; ceil mode would pool a part of a window. */
function convolutionBefore(
  plan: Plan,
  pool: PlanLayer,
  readers: ReadonlyMap<number, readonly (PlanLayer | null)[]>,
): PlanLayer | null {
  const v = pool.inputs[0]!;
  const value = plan.values[v]!;
  const conv = plan.layers.find((l) => l.op === 'Conv' && l.outputs.length === 1 && l.outputs[0] === v);
  if (!conv || value.external || value.view || readers.get(v)?.length !== 1) return null;
  if (conv.resolve || conv.inputs.length !== conv.opInputs) return null;
  const result = plan.values[pool.outputs[0]!]!;
  if (value.dtype !== result.dtype || value.scale !== result.scale || value.zeroPoint !== result.zeroPoint) return null;
  const [, , h, w] = value.shape;
  const [, , p, q] = result.shape;
  const halves = (whole: unknown, part: unknown): boolean =>
    typeof whole === 'number' && typeof part === 'number' && part === Math.floor(whole / 2);
  return halves(h, p) && halves(w, q) ? conv : null;
}
