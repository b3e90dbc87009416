import { encodeWeightExpr } from '../engine/schema.ts';
import type { WeightExpr } from '../ir/weight.ts';
import { evaluateWeight } from '../ir/weights.ts';
import type { NativeRuntime } from '../runtime.ts';
import type { Plan } from './plan.ts';
import { HALF_LIMIT, type PrecisionPolicy, storedWithActivations, WEIGHTED } from './planSearch/storages.ts';
import { encodeWeight } from './weights.ts';

/** A tensor that float16 cannot hold: it stays in another storage, and the build says so. */
export interface Overflow {
  readonly kind: 'weight' | 'activation';
  readonly tensor: string;
  /** The first layer that reads or writes it. */
  readonly layer: string;
  readonly magnitude: number;
}

/**
 * The policy with what its float16 layers' weight matrices reach, computed natively, and every tensor beyond float16. A
 * policy that never mentions float16 comes back as it is. `other`: another plan of the same layers whose weights are measured too.
 */
export async function withHalfLimits(
  plan: Plan,
  policy: PrecisionPolicy,
  runtime: NativeRuntime,
  files: readonly string[],
  stop: AbortSignal,
  other: Plan | null = null,
): Promise<{ policy: PrecisionPolicy; overflows: readonly Overflow[] }> {
  const layers = plan.layers.filter((l) => policy.storages(l).includes('float16'));
  if (layers.length === 0) return { policy, overflows: [] };
  const overflows: Overflow[] = [];
  const known = new Map<string, number>();
  const seen = new Set<number>();
  const magnitudeOf = async (weight: WeightExpr): Promise<number> => {
    stop.throwIfAborted();
    const magnitude = known.get(weight.hash) ?? (await largestOf(weight, runtime, files));
    known.set(weight.hash, magnitude);
    return magnitude;
  };
  for (const l of layers) {
    for (const [i, v] of [...l.inputs, ...l.outputs].entries()) {
      const value = plan.values[v];
      if (value?.dtype !== 'float32') continue;
      if (value.weight && !storedWithActivations(l.op, i)) continue;
      let magnitude = policy.largest?.(value) ?? 0;
      if (value.weight) magnitude = await magnitudeOf(value.weight);
      if (magnitude <= HALF_LIMIT || seen.has(v)) continue;
      seen.add(v);
      overflows.push({
        kind: value.weight ? 'weight' : 'activation',
        tensor: value.name || l.name,
        layer: l.name,
        magnitude,
      });
    }
  }
  for (const l of other?.layers ?? []) {
    const weight = WEIGHTED.has(l.op) ? other!.values[l.inputs[1]!]?.weight : undefined;
    if (weight?.dtype === 'float32' && policy.storages(l).includes('float16')) await magnitudeOf(weight);
  }
  // Weights of layers that appear only when fused nodes are inlined were not looked at: they stay as they are.
  const largest: PrecisionPolicy['largest'] = (v) =>
    v.weight ? (known.get(v.weight.hash) ?? Number.POSITIVE_INFINITY) : policy.largest?.(v);
  return { policy: { ...policy, largest }, overflows };
}

/** max |w|, by the native reference kernels; the weights themselves never reach JavaScript. */
async function largestOf(w: WeightExpr, runtime: NativeRuntime, files: readonly string[]): Promise<number> {
  const magnitude = evaluateWeight('Abs', {}, [w], 'float32', w.shape);
  const largest = evaluateWeight('ReduceMax', { keepdims: 0 }, [magnitude], 'float32', []);
  const bytes = await runtime.evaluateWeight(encodeWeightExpr(encodeWeight(largest)), files);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
}
