import { product } from '../engine/layerFlops.ts';
import { byteLength } from '../ir/dtype.ts';
import { dimsOf } from './encode.ts';
import type { Binding, Plan, PlanLayer } from './plan.ts';

/** What running a layer on the CPU costs an engine of another device: a copy of each operand there, of each result back. */
export interface Fallback {
  readonly copies: number;
  readonly bytes: number;
}

/** Tactics of other devices that run on the CPU's kernels begin so (native/cuda/host_layer.h). */
export const HOST_PREFIX = 'cpu:';

/**
 * null for a layer that runs where the engine does. A layer whose tactic waits for its shapes is one of the CPU's (sizes
 * as they are assumed at build); what owns regions only follows conditions.
 */
export function fallbackOf(plan: Plan, l: PlanLayer, bind: Binding, device: string): Fallback | null {
  const waits = device !== 'cpu' && l.tactic?.name === '' && l.bodies === undefined;
  if (!waits && !l.tactic?.name.startsWith(HOST_PREFIX)) return null;
  const moved = [...new Set(l.inputs.filter((v) => v >= 0)), ...l.outputs.filter((v) => v >= 0)];
  const bytes = moved.map((v) => byteLength(plan.values[v]!.dtype, product(dimsOf(plan.values[v]!, bind))));
  return { copies: moved.length, bytes: bytes.reduce((a, b) => a + b, 0) };
}

/** All of an engine's fallbacks together; null where there are none. */
export function fallbackSum(
  layers: readonly { readonly fallback: Fallback | null }[],
): (Fallback & { readonly layers: number }) | null {
  const there = layers.flatMap((l) => l.fallback ?? []);
  if (there.length === 0) return null;
  const sum = (of: (f: Fallback) => number): number => there.reduce((n, f) => n + of(f), 0);
  return { layers: there.length, copies: sum((f) => f.copies), bytes: sum((f) => f.bytes) };
}
