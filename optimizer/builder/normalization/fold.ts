import type { DataType } from '../../ir/dtype.ts';
import type { NodeId } from '../../ir/graph.ts';
import { countOf } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { castWeight, evaluateWeight, reshapeWeight } from '../../ir/weights.ts';
import { STATISTICS_GROUP } from '../../passes/normalization-fusion.ts';
import { evaluated, scaled, wide } from '../../passes/wide.ts';
import { type Plan, type PlanLayer, rootOf } from '../plan.ts';
import { passing, preceded, withoutFirst } from './program.ts';

/*
 * LN(y) · W + b = f · (y · (γ ∘ W) − m · s) + (β · W + b), with m the mean and f the factor 1 / √(variance + ε) of a row and s the column
 * sums of γ ∘ W. So a product that reads LN(y) can read y, if somebody tells it m and f: the product that computed y, which has its rows
 * in registers. What else reads LN(y), elementwise behind a product, computes it there from y.
 */

/**
 * Who computes layer normalizations that passes let the products around them do (passes/normalization-fusion): layers of their own,
 * those products wherever they can, or whatever is faster of what 16-bit storage allows.
 */
export type NormalizationPolicy = 'layers' | 'products' | 'measured';

/** Where everything about one normalization is, if its wish can be granted in this plan. */
interface Site {
  readonly layer: PlanLayer;
  readonly producer: PlanLayer;
  readonly readers: readonly PlanLayer[];
  readonly columns: number;
}

const isProduct = (plan: Plan, l: PlanLayer | undefined): l is PlanLayer =>
  l?.op === 'MatMul' &&
  !l.resolve &&
  plan.values[l.inputs[1]!]?.weight?.shape.length === 2 &&
  l.attrs.trans_a === 0 &&
  (l.attrs.alpha as { float: number }).float === 1;

function siteOf(plan: Plan, layer: PlanLayer): Site | null {
  const [y, scale, bias] = layer.inputs as [number, number, number | undefined];
  const z = layer.outputs[0]!;
  const columns = plan.values[y]!.shape.at(-1);
  if (!layer.foldWish || layer.program || typeof columns !== 'number' || columns % STATISTICS_GROUP !== 0) return null;
  const constant = (v: number | undefined): boolean => v === undefined || v < 0 || plan.values[v]!.weight !== undefined;
  if (scale < 0 || !constant(scale) || !constant(bias)) return null;
  const producer = plan.layers.find((l) => l.outputs.includes(y));
  if (!isProduct(plan, producer) || producer.outputs.length > (producer.attrs.statistics === 1 ? 2 : 1)) return null;
  const viewed = plan.values.some((v, i) => v.view && [y, z].includes(rootOf(plan, i)));
  if (viewed || plan.values[z]!.external || plan.values[z]!.view || plan.values[y]!.view) return null;
  const readers = plan.layers.filter((l) => l.inputs.includes(z));
  const able = (l: PlanLayer): boolean =>
    isProduct(plan, l) &&
    constant(l.opInputs > 2 ? l.inputs[2] : undefined) &&
    l.inputs.every((v, i) => v !== z || i === 0 || i >= l.opInputs);
  return readers.length > 0 && readers.every(able) ? { layer, producer, readers, columns } : null;
}

/**
 * The nodes of the normalizations that a finished plan could do without, with the storage of their rows (and so of the weights that
 * multiply them). Only those in 16 bits on both sides, unless `all`: there the rounding of the rows themselves is the larger error.
 */
export function foldable(plan: Plan, all = false): ReadonlyMap<NodeId, DataType> {
  const found = new Map<NodeId, DataType>();
  for (const l of plan.layers) {
    const site = siteOf(plan, l);
    if (!site || l.node === undefined) continue;
    const [x, y] = [l.inputs[0]!, l.outputs[0]!].map((v) => plan.values[v]!.dtype) as [DataType, DataType];
    const half = x === y && (x === 'float16' || x === 'bfloat16');
    if (half || all) found.set(l.node, x);
  }
  return found;
}

/** Takes these normalizations out of a plan that was not searched yet; gives how many that were. */
export function foldNormalizations(plan: Plan, nodes: ReadonlyMap<NodeId, DataType>): number {
  let folded = 0;
  for (const l of [...plan.layers]) {
    const stored = l.node === undefined ? undefined : nodes.get(l.node);
    const site = stored && siteOf(plan, l);
    if (!site) continue;
    const statistics = statisticsOf(plan, site);
    for (const r of site.readers) replace(plan, r, normalizing(plan, r, site, statistics, stored));
    plan.layers.splice(plan.layers.indexOf(l), 1);
    folded += 1;
  }
  return folded;
}

function replace(plan: Plan, from: PlanLayer, to: PlanLayer): void {
  plan.layers[plan.layers.indexOf(from)] = to;
}

const sourcesWith = (l: PlanLayer, other: PlanLayer) => [...new Set([...l.sources, ...other.sources])];

function add(plan: Plan, value: Plan['values'][number]): number {
  return plan.values.push(value) - 1;
}

const constant = (plan: Plan, weight: WeightExpr, name: string): number =>
  add(plan, { name, dtype: weight.dtype, shape: weight.shape, weight, layout: 'linear' });

/** The statistics that the producer writes: per group of columns a mean and a sum of squared distances. */
function statisticsOf(plan: Plan, { layer, producer, columns }: Site): number {
  if (producer.attrs.statistics === 1) return producer.outputs[1]!;
  const y = plan.values[producer.outputs[0]!]!;
  const shape = [...y.shape.slice(0, -1), columns / STATISTICS_GROUP, 2];
  const at = add(plan, { name: `${y.name} statistics`, dtype: 'float32', shape, layout: 'linear', exact: true });
  replace(plan, producer, {
    ...producer,
    attrs: { ...producer.attrs, statistics: 1 },
    outputs: [...producer.outputs, at],
    sources: sourcesWith(producer, layer),
  });
  return at;
}

/** A reader that normalizes by itself. */
function normalizing(plan: Plan, reader: PlanLayer, site: Site, statistics: number, stored: DataType): PlanLayer {
  const z = site.layer.outputs[0]!;
  let l = reader;
  for (let i = l.inputs.length - 1; i >= l.opInputs; i--)
    if (l.inputs[i] === z) l = elementwise(plan, l, i, site, statistics);
  if (l.inputs[0] === z) l = rows(plan, l, site, statistics, stored);
  return { ...l, name: `LayerNormalization + ${reader.name}`, sources: sourcesWith(reader, site.layer) };
}

const epsilonOf = (l: PlanLayer): number => (l.attrs.epsilon as { float: number }).float;
const dtypeOf = (plan: Plan, v: number): DataType => plan.values[v]!.own ?? plan.values[v]!.dtype;

/** Operand i is y, normalized by the program before it is used. */
function elementwise(plan: Plan, l: PlanLayer, i: number, { layer }: Site, statistics: number): PlanLayer {
  const [y, scale, bias] = layer.inputs as [number, number, number | undefined];
  const extras = [statistics, scale, ...(bias === undefined || bias < 0 ? [] : [bias])];
  const operand = i - l.opInputs + 1;
  const dtype = dtypeOf(plan, l.outputs[0]!);
  const program = preceded(l.program!, extras.length, operand, (first, emit) => {
    const mean = emit('RowMean', [first], 'float32');
    const factor = emit('RowFactor', [first], 'float32', [epsilonOf(layer)]);
    const unit = emit('Mul', [emit('Sub', [operand, mean], dtype), factor], dtype);
    const whole = emit('Mul', [unit, first + 1], dtype);
    return extras.length > 2 ? emit('Add', [whole, first + 2], dtype) : whole;
  });
  return { ...l, inputs: [...l.inputs.map((v, k) => (k === i ? y : v)), ...extras], program };
}

/** A layer whose bias is apart from it: what the product or the first instruction of its program adds to every row. */
function withoutBias(plan: Plan, l: PlanLayer): { readonly layer: PlanLayer; readonly bias: WeightExpr | undefined } {
  const own = l.opInputs > 2 && l.inputs[2]! >= 0 ? plan.values[l.inputs[2]!]!.weight : undefined;
  const given = l.inputs.slice(l.opInputs);
  const bare: PlanLayer = { ...l, inputs: [...l.inputs.slice(0, 2), ...given], opInputs: 2 };
  if (own || !l.program) return { layer: bare, bias: own };
  const [first, ...rest] = l.program.code;
  const added = first?.op === 'Add' && first.args.includes(0) ? first.args.find((a) => a !== 0) : undefined;
  const weight = added !== undefined && added <= given.length ? plan.values[given[added - 1]!]!.weight : undefined;
  const later = [...rest.flatMap((i) => i.args), ...l.program.outputs];
  const n = plan.values[l.outputs[0]!]!.shape.length;
  const columns = plan.values[l.inputs[1]!]!.weight!.shape[l.attrs.trans_b === 1 ? 0 : 1];
  const vector =
    weight && weight.shape.length <= n && weight.shape.at(-1) === columns && countOf(weight.shape) === columns;
  if (!vector || later.includes(0) || later.includes(added!)) return { layer: bare, bias: undefined };
  const inputs = bare.inputs.filter((_, i) => i !== added! + 1);
  return {
    layer: { ...bare, inputs, program: withoutFirst(l.program, added!) },
    bias: reshapeWeight(weight, [columns]),
  };
}

/** The rows of the product are y, its weights γ ∘ W; its program begins by correcting the sums. */
function rows(plan: Plan, from: PlanLayer, { layer }: Site, statistics: number, stored: DataType): PlanLayer {
  const { layer: l, bias: ownBias } = withoutBias(plan, from);
  const [y, scale, shift] = layer.inputs as [number, number, number | undefined];
  const w = plan.values[l.inputs[1]!]!;
  const weight = w.weight!;
  const depth = l.attrs.trans_b === 1 ? 1 : 0;
  const folded = scaled(weight, depth, wide(plan.values[scale]!.weight!), null);
  const n = weight.shape[1 - depth]!;
  // Of the weights as they will be stored: their roundings then cancel exactly, however far from zero a row is.
  const rounded = castWeight(castWeight(castWeight(folded, stored), 'float32'), 'float64');
  const sums = evaluateWeight('ReduceSum', { axes: [depth], keepdims: 0 }, [rounded], 'float64', [n]);
  const beta = shift === undefined || shift < 0 ? undefined : wide(plan.values[shift]!.weight!);
  const own = ownBias && wide(ownBias);
  const operands = depth === 0 ? (v: WeightExpr) => [v, wide(weight)] : (v: WeightExpr) => [wide(weight), v];
  const product = beta && evaluateWeight('MatMul', {}, operands(beta), 'float64', [n]);
  const bias = product && own ? evaluated('Add', [product, own]) : (product ?? own);
  const extras = [
    statistics,
    constant(plan, castWeight(sums, 'float32'), `${w.name} sums`),
    ...(bias ? [constant(plan, castWeight(bias, 'float32'), `${w.name} bias`)] : []),
  ];
  const given = l.inputs.slice(l.opInputs);
  const dtype = dtypeOf(plan, l.outputs[0]!);
  const program = preceded(l.program ?? passing(given.length), extras.length, 0, (first, emit) => {
    const mean = emit('RowMean', [first], 'float32');
    const factor = emit('RowFactor', [first], 'float32', [epsilonOf(layer)]);
    const centred = emit('Sub', [0, emit('Mul', [mean, first + 1], dtype)], dtype);
    const unit = emit('Mul', [centred, factor], dtype);
    return bias ? emit('Add', [unit, first + 2], dtype) : unit;
  });
  const weights = constant(plan, folded, w.name);
  return { ...l, inputs: [y, weights, ...given, ...extras], program };
}
