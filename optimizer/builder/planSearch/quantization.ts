import type { Plan, PlanLayer, PlanValue } from '../plan.ts';

/** What calibration permits: planSearch decides by cost among what is allowed, unless a layer is required in INT8. */
export interface PrecisionPolicy {
  /** Largest magnitude of a value that calibration settled on; undefined = not calibrated, stays FP32. */
  amax(value: PlanValue): number | undefined;
  /** False for layers pinned to FP32. */
  allowed(layer: PlanLayer): boolean;
  /** True for layers that must run in INT8 if any kernel can, whatever it costs: measuring what it does to accuracy. */
  required?(layer: PlanLayer): boolean;
}

/** Layers that only move numbers or compare them: their inputs and outputs share one scale. */
const MOVERS = new Set(['Concat', 'Split', 'Slice', 'Reshape', 'Transpose', 'Shuffle', 'Copy', 'MaxPool']);
/** Layers with kernels that compute on quantized operands. */
const COMPUTE = new Set(['Conv', 'MatMul', 'AveragePool', 'Reduce', 'Pointwise']);

/** Which operands of a layer are stored quantized in one of its variants. */
export interface Variant {
  readonly inputs: readonly boolean[];
  readonly outputs: readonly boolean[];
}

/**
 * Scales for every value that may be stored as INT8: symmetric, amax / 127. Values that a layer merely moves from one to
 * the other (concatenated parts above all) get one scale, that of the largest among them, so that moving stays moving.
 */
export class Quantization {
  private readonly scales = new Map<number, number>();
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
      const tied = [...l.inputs, ...l.outputs].filter((v) => this.storable(plan, v));
      for (const v of tied.slice(1)) parent[find(v)] = find(tied[0]!);
    }
    plan.values.forEach((v, i) => {
      if (v.view) parent[find(i)] = find(v.view.of);
    });
    const largest = new Map<number, number>();
    plan.values.forEach((v, i) => {
      const amax = this.storable(plan, i) ? policy.amax(v) : undefined;
      if (amax !== undefined && Number.isFinite(amax)) largest.set(find(i), Math.max(largest.get(find(i)) ?? 0, amax));
    });
    plan.values.forEach((_, i) => {
      const amax = largest.get(find(i));
      // A tensor that calibration only ever saw as zero has no scale to speak of: any will do.
      if (amax !== undefined && this.storable(plan, i)) this.scales.set(i, amax > 0 ? Math.fround(amax / 127) : 1);
    });
  }

  scaleOf(value: number): number | undefined {
    return this.scales.get(value);
  }

  /** The quantized variants of a layer, besides plain FP32: quantized throughout, or quantized in and float out. */
  variantsOf(plan: Plan, l: PlanLayer): Variant[] {
    const moves = MOVERS.has(l.op);
    if ((!moves && !COMPUTE.has(l.op)) || !this.policy.allowed(l)) return [];
    const quantizable = (v: number): boolean => this.scales.has(v);
    const inputs = l.inputs.map(quantizable);
    const outputs = l.outputs.map(quantizable);
    if (inputs[0] !== true) return [];
    const allIn = l.inputs.every((v, i) => v < 0 || inputs[i] || plan.values[v]!.weight !== undefined);
    const allOut = outputs.every((q) => q);
    if (moves) return allIn && allOut ? [{ inputs, outputs }] : [];
    // A product of two activations has no packed side; a float operand of an elementwise layer decides against INT8.
    if ((l.op === 'Conv' || l.op === 'MatMul') && plan.values[l.inputs[1]!]?.weight === undefined) return [];
    if (l.op === 'Pointwise' && !allIn) return [];
    const variants: Variant[] = [{ inputs, outputs: l.outputs.map(() => false) }];
    if (allOut) variants.unshift({ inputs, outputs });
    return variants;
  }

  private storable(plan: Plan, v: number): boolean {
    const value = v < 0 ? undefined : plan.values[v];
    return value !== undefined && value.dtype === 'float32' && value.weight === undefined;
  }
}

/** Storage formats: a layout id, and ":int8" where the numbers are quantized. Opaque beyond this file. */
export const formatOf = (layout: string, quantized: boolean): string =>
  quantized && layout !== '' ? `${layout}:int8` : layout;
export const isQuantizedFormat = (format: string): boolean => format.endsWith(':int8');
export const layoutOfFormat = (format: string): string =>
  isQuantizedFormat(format) ? format.slice(0, -':int8'.length) : format;
