import { type DimExpr, evalDim, shapeText, symbolsOf } from '../ir/dim.ts';
import type { Graph } from '../ir/graph.ts';
import { type Binding, BuildError, type DimRange, OpenBinding } from './plan.ts';

/** Allowed range per symbolic dimension: one optimization profile. */
export type ProfileRanges = Readonly<Record<string, DimRange>>;

/** Shapes of inputs, by name: what people give instead of symbols. */
export interface ProfileShapes {
  readonly min?: Readonly<Record<string, readonly number[]>>;
  readonly opt?: Readonly<Record<string, readonly number[]>>;
  readonly max?: Readonly<Record<string, readonly number[]>>;
}

const ENDS = ['min', 'opt', 'max'] as const;

/** Inputs that callers give as tensors, with their shapes. */
function openInputs(graph: Graph): { name: string; shape: readonly DimExpr[] }[] {
  return graph.inputs.flatMap((id) => {
    const { name, type, weight } = graph.value(id);
    return weight || type.sequence || type.optional || !type.shape ? [] : [{ name, shape: type.shape }];
  });
}

/** Every symbol of the inputs with its range; symbols without one are refused by name. */
export function rangesOf(graph: Graph, given: ProfileRanges): Map<string, DimRange> {
  const out = new Map<string, DimRange>();
  for (const { name, shape } of openInputs(graph)) {
    for (const s of shape.flatMap((d) => [...symbolsOf(d)])) {
      const range = given[s];
      if (!range) {
        throw new BuildError(
          `input "${name}" is ${shapeText(shape)}: give dimension "${s}" a size, e.g. --shape ${name}=${shapeText(shape).replaceAll('×', 'x')} with numbers`,
        );
      }
      if (!(range.min >= 0 && range.min <= range.opt && range.opt <= range.max))
        throw new BuildError(
          `dimension "${s}" may be ${range.min} to ${range.max}, best ${range.opt}: that is no range`,
        );
      out.set(s, range);
    }
  }
  return out;
}

/**
 * The ranges that shapes of inputs mean. Ends that are not given are `opt`, or the one that is given. Throws BuildError
 * where a shape contradicts the model or another one.
 */
export function rangesOfShapes(graph: Graph, shapes: ProfileShapes, others: ProfileRanges = {}): ProfileRanges {
  const inputs = openInputs(graph);
  const unknown = ENDS.flatMap((end) => Object.keys(shapes[end] ?? {})).find(
    (name) => name !== '' && !inputs.some((i) => i.name === name),
  );
  if (unknown !== undefined)
    throw new BuildError(
      `the model has no input "${unknown}" with a shape; it has ${inputs.map((i) => `"${i.name}"`).join(', ')}`,
    );
  const out: Record<string, { min: number; opt: number; max: number }> = {};
  for (const end of ENDS) {
    for (const { name, shape } of inputs) {
      const dims = shapeAt(shapes, end, name, inputs.length);
      if (!dims) continue;
      const text = `${end}Shapes ${name}:${dims.join('x')}`;
      if (dims.length !== shape.length)
        throw new BuildError(`${text}: input "${name}" is ${shapeText(shape)}, of ${shape.length} dimensions`);
      shape.forEach((d, i) => {
        const size = dims[i]!;
        if (typeof d === 'number' && d !== size)
          throw new BuildError(`${text}: dimension ${i} of input "${name}" is always ${d}`);
        if (typeof d !== 'string') return;
        const range = (out[d] ??= { min: Number.NaN, opt: Number.NaN, max: Number.NaN });
        if (!Number.isNaN(range[end]) && range[end] !== size)
          throw new BuildError(`${text}: dimension ${i} ("${d}") is ${range[end]} in another place`);
        range[end] = size;
      });
    }
  }
  const ranges = { ...others, ...out };
  for (const { name, shape } of inputs) {
    for (const end of ENDS) {
      const dims = shapeAt(shapes, end, name, inputs.length);
      const bind = new Map(Object.entries(ranges).map(([s, r]) => [s, r[end]]));
      shape.forEach((d, i) => {
        if (!dims || typeof d !== 'object' || [...symbolsOf(d)].some((s) => !bind.has(s))) return;
        const size = evalDim(d, bind);
        if (size !== dims[i])
          throw new BuildError(
            `${end}Shapes ${name}:${dims.join('x')}: dimension ${i} of input "${name}" is ${size} at these sizes`,
          );
      });
    }
  }
  return ranges;
}

/** The shape of an input at one end of a profile; what is not given follows from what is. '' names the only input. */
function shapeAt(
  shapes: ProfileShapes,
  end: (typeof ENDS)[number],
  name: string,
  inputs: number,
): readonly number[] | undefined {
  const of = (e: (typeof ENDS)[number]) => shapes[e]?.[name] ?? (inputs === 1 ? shapes[e]?.[''] : undefined);
  return of(end) ?? of('opt') ?? of('max') ?? of('min');
}

/** Sizes at one end of a profile. */
export const bindingAt = (ranges: ReadonlyMap<string, DimRange>, end: keyof DimRange): Binding =>
  new OpenBinding([...ranges].map(([name, r]) => [name, r[end]]));

/** Dimensions whose corners are all tried; with more of them only all least, all largest and some between are. */
const MOST_CORNERS = 3;

/**
 * Sizes at which a tactic must work for it to be valid over a profile: the corners, and sizes just inside them, which no
 * multiple of anything fits. Empty where nothing is open.
 */
export function probesOf(ranges: ReadonlyMap<string, DimRange>): Binding[] {
  const open = [...ranges].filter(([, r]) => r.min < r.max);
  if (open.length === 0) return [];
  const fixed = [...ranges].map(([name, r]): [string, number] => [name, r.opt]);
  const found = new Map<string, Binding>();
  const add = (pick: (r: DimRange, i: number) => number): void => {
    const bind = new OpenBinding(fixed);
    open.forEach(([name, r], i) => bind.set(name, Math.min(r.max, Math.max(r.min, pick(r, i)))));
    found.set(JSON.stringify([...bind]), bind);
  };
  const corners = open.length <= MOST_CORNERS ? 1 << open.length : 0;
  for (let c = 0; c < corners; c++) add((r, i) => ((c >> i) & 1 ? r.max : r.min));
  add((r) => r.min);
  add((r) => r.max);
  add((r) => r.min + 1);
  add((r) => r.max - 1);
  add((r) => (r.min + r.max) >> 1);
  found.delete(JSON.stringify(fixed));
  return [...found.values()];
}
