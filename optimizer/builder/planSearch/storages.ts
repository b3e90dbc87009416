import type { Plan, PlanLayer, PlanValue } from '../plan.ts';
import { isQuantized, type Storage, type StoredType } from './format.ts';

/** What a build permits: planSearch decides by cost among what is allowed. */
export interface PrecisionPolicy {
  /** Largest magnitude of a value that calibration settled on; undefined = not calibrated, never quantized. */
  amax(value: PlanValue): number | undefined;
  /**
   * Storages that the float32 operands of a layer may have; '' is the model's own. A list without '' demands: the layer
   * keeps the model's own storage only if no kernel of the device runs any of the others.
   */
  storages(layer: PlanLayer): readonly Storage[];
  /**
   * How one value must be quantized, where something other than amax decides (a model with its own scales); goes before
   * amax and is never merged with the scales of other values.
   */
  quantized?(value: PlanValue): StoredType | undefined;
  /** Largest magnitude that a value or constant is known to reach; what is beyond HALF_LIMIT is never stored as float16. */
  largest?(value: PlanValue): number | undefined;
}

/** The largest finite float16 number. */
export const HALF_LIMIT = 65504;

/** Layers that only move numbers or compare them: their inputs and outputs share one storage, scales included. */
const MOVERS = new Set(['Concat', 'Split', 'Slice', 'Reshape', 'Transpose', 'Shuffle', 'Copy', 'MaxPool']);
/** Layers with kernels that compute on quantized operands. */
const QUANTIZED = new Set(['Conv', 'ConvMaxPool', 'MatMul', 'AveragePool', 'Reduce', 'Pointwise']);
/** Layers whose second operand is a matrix of weights: stored in 16 bits together with the activations. */
export const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvMaxPool', 'ConvTranspose', 'MatMul']);

/** Whether a constant operand is stored in 16 bits together with the activations: a weight matrix, a table that is read from. */
export const storedWithActivations = (op: string, operand: number): boolean =>
  op === 'Gather' ? operand === 0 : WEIGHTED.has(op) && operand === 1;

/** How each operand of a layer is stored in one of its variants; '' = as the model has it. */
export interface Variant {
  readonly inputs: readonly Storage[];
  readonly outputs: readonly Storage[];
}

/**
 * How every value of a plan may be stored. INT8 is symmetric, amax / 127; values that a layer merely moves from one to the
 * other (concatenated parts above all) get one scale, that of the largest among them, so that moving stays moving.
 */
export class Storages {
  private readonly quantized = new Map<number, StoredType>();
  private readonly policy: PrecisionPolicy;

  constructor(plan: Plan, policy: PrecisionPolicy) {
    this.policy = policy;
    const parent = plan.values.map((_, i) => i);
    const find = (v: number): number => {
      while (parent[v] !== v) v = parent[v] = parent[parent[v]!]!;
      return v;
    };
    for (const l of plan.layers) {
      if (!MOVERS.has(l.op)) continue;
      const tied = [...l.inputs, ...l.outputs].filter((v) => isActivation(plan, v));
      for (const v of tied.slice(1)) parent[find(v)] = find(tied[0]!);
    }
    const largest = new Map<number, number>();
    plan.values.forEach((v, i) => {
      const amax = isActivation(plan, i) ? policy.amax(v) : undefined;
      if (amax !== undefined && Number.isFinite(amax)) largest.set(find(i), Math.max(largest.get(find(i)) ?? 0, amax));
    });
    plan.values.forEach((v, i) => {
      if (!isActivation(plan, i)) return;
      const amax = largest.get(find(i));
      const given = policy.quantized?.(v);
      if (given) this.quantized.set(i, given);
      // A tensor that calibration only ever saw as zero has no scale to speak of: any will do.
      else if (amax !== undefined) {
        this.quantized.set(i, { dtype: 'int8', scale: amax > 0 ? Math.fround(amax / 127) : 1 });
      }
    });
  }

  /** The storage of a value in full, or undefined where it cannot have it. */
  stored(plan: Plan, value: number, storage: Storage): StoredType | undefined {
    if (storage === '') return undefined;
    if (isQuantized(storage)) {
      const q = this.quantized.get(value);
      return q?.dtype === storage ? q : undefined;
    }
    const v = value < 0 ? undefined : plan.values[value];
    if (v?.exact) return undefined;
    // While reformats are written the value may already have the storage of its writer.
    if (v === undefined || (v.own ?? v.dtype) !== 'float32') return undefined;
    if (storage === 'float16' && (this.policy.largest?.(v) ?? 0) > HALF_LIMIT) return undefined;
    return { dtype: storage };
  }

  /** True when the layer must leave the model's own storage if any kernel lets it. */
  demands(l: PlanLayer): boolean {
    return !this.policy.storages(l).includes('');
  }

  /** The variants of a layer besides the one in the model's own storage. */
  variantsOf(plan: Plan, l: PlanLayer): Variant[] {
    const allowed = this.policy.storages(l);
    const variants: Variant[] = [];
    for (const storage of allowed) {
      if (storage === '') continue;
      if (isQuantized(storage)) variants.push(...this.quantizedVariants(plan, l, storage, allowed));
      else variants.push(...this.halfVariants(plan, l, storage, allowed));
    }
    return variants;
  }

  /** Quantized throughout, quantized in and floating point out, and for a first convolution the reverse. */
  private quantizedVariants(plan: Plan, l: PlanLayer, storage: Storage, allowed: readonly Storage[]): Variant[] {
    const moves = MOVERS.has(l.op);
    if (!moves && !QUANTIZED.has(l.op)) return [];
    const can = (v: number): boolean => this.stored(plan, v, storage) !== undefined;
    const allIn = l.inputs.every((v) => v < 0 || can(v) || plan.values[v]!.weight !== undefined);
    const allOut = l.outputs.every(can);
    const inputs = l.inputs.map((v) => (can(v) ? storage : ''));
    const all = (s: Storage): Storage[] => l.outputs.map(() => s);
    const begins = l.op === 'Conv' && plan.values[l.inputs[0]!]?.external === 'input' && allOut && allowed.includes('');
    const beginnings: Variant[] = begins ? [{ inputs: l.inputs.map(() => ''), outputs: all(storage) }] : [];
    if (!can(l.inputs[0] ?? -1)) return beginnings;
    if (moves) return allIn && allOut ? [{ inputs, outputs: all(storage) }] : [];
    // A product of two activations has no packed side; a float operand of an elementwise layer decides against INT8.
    if (WEIGHTED.has(l.op) && plan.values[l.inputs[1]!]?.weight === undefined) return [];
    if (l.op === 'Pointwise' && !allIn) return [];
    const out: Variant[] = allOut ? [{ inputs, outputs: all(storage) }, ...beginnings] : [];
    const floats = allowed.filter((s) => !isQuantized(s));
    // The model's own storage is where the quantized part of a network ends, whatever else is demanded of the layer.
    for (const s of floats.includes('') ? floats : ['' as const, ...floats]) {
      if (s === '' || l.outputs.every((v) => this.stored(plan, v, s) !== undefined))
        out.push({ inputs, outputs: all(s) });
    }
    return out;
  }

  /** Float numbers that begin in this layer: read from a table by integers, or computed from integers. */
  private bornInHalf(
    l: PlanLayer,
    storage: Storage,
    can: (v: number) => boolean,
    constant: (v: number) => boolean,
  ): Variant[] {
    if (!l.outputs.every(can)) return [];
    const outputs = l.outputs.map(() => storage);
    if (l.op === 'Pointwise') return [{ inputs: l.inputs.map(() => ''), outputs }];
    const table = l.inputs[0] ?? -1;
    if (storedWithActivations(l.op, 0) && can(table) && constant(table))
      return [{ inputs: l.inputs.map((_, i) => (i === 0 ? storage : '')), outputs }];
    return [];
  }

  /** 16 bits throughout, 16 bits in and float32 out, and the reverse; a weight matrix is in 16 bits in all of them. */
  private halfVariants(plan: Plan, l: PlanLayer, storage: Storage, allowed: readonly Storage[]): Variant[] {
    const can = (v: number): boolean => v >= 0 && this.stored(plan, v, storage) !== undefined;
    const constant = (v: number): boolean => v >= 0 && plan.values[v]!.weight !== undefined;
    const activations = l.inputs.filter((v) => can(v) && !constant(v));
    if (activations.length === 0) return this.bornInHalf(l, storage, can, constant);
    const matrix = WEIGHTED.has(l.op) && constant(l.inputs[1] ?? -1);
    if (matrix && !can(l.inputs[1]!)) return [];
    const inputs = (activation: Storage): Storage[] =>
      l.inputs.map((v, i) => {
        if (!can(v)) return '';
        if (constant(v)) return matrix && i === 1 ? storage : '';
        return activation;
      });
    const outputs = (s: Storage): Storage[] => l.outputs.map((v) => (can(v) ? s : ''));
    const writes = l.outputs.some(can);
    const out: Variant[] = [];
    if (writes || !MOVERS.has(l.op)) out.push({ inputs: inputs(storage), outputs: outputs(storage) });
    if (MOVERS.has(l.op) || !allowed.includes('')) return out;
    if (writes)
      out.push({ inputs: inputs(storage), outputs: outputs('') }, { inputs: inputs(''), outputs: outputs(storage) });
    if (matrix) out.push({ inputs: inputs(''), outputs: outputs('') });
    return out;
  }
}

function isActivation(plan: Plan, v: number): boolean {
  const value = v < 0 ? undefined : plan.values[v];
  return value !== undefined && value.dtype === 'float32' && value.weight === undefined;
}
