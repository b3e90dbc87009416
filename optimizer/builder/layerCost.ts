import { layerFlops, product } from '../engine/layerFlops.ts';
import { byteLength } from '../ir/dtype.ts';
import { dimsOf } from './encode.ts';
import type { Binding, Plan, PlanLayer } from './plan.ts';

/**
 * Floating-point operations (a multiply-add counts two, epilogues included) and bytes that must move at least once
 * (inputs, constants and outputs) of a layer at concrete shapes.
 */
export function layerCost(plan: Plan, l: PlanLayer, bind: Binding): { flops: number; bytes: number } {
  const dims = (v: number): number[] => (v < 0 ? [] : dimsOf(plan.values[v]!, bind));
  const bytesOf = (v: number): number => (v < 0 ? 0 : byteLength(plan.values[v]!.dtype, product(dims(v))));
  const flops = layerFlops({
    op: l.op,
    attr: (name) => {
      const v = l.attrs[name];
      return typeof v === 'number' || Array.isArray(v) ? v : undefined;
    },
    inputs: l.inputs.map(dims),
    outputs: l.outputs.map(dims),
    programLength: l.program?.code.length ?? 0,
  });
  return { flops, bytes: [...new Set([...l.inputs, ...l.outputs])].reduce((s, v) => s + bytesOf(v), 0) };
}
