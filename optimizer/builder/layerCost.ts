import { byteLength } from '../ir/dtype.ts';
import { dimsOf } from './encode.ts';
import type { Binding, Plan, PlanLayer } from './plan.ts';

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/**
 * Floating-point operations (a multiply-add counts two, epilogues included) and bytes that must move at least once
 * (inputs, constants and outputs) of a layer at concrete shapes.
 */
export function layerCost(plan: Plan, l: PlanLayer, bind: Binding): { flops: number; bytes: number } {
  const dims = (v: number | undefined): number[] => (v === undefined || v < 0 ? [] : dimsOf(plan.values[v]!, bind));
  const bytesOf = (v: number): number => (v < 0 ? 0 : byteLength(plan.values[v]!.dtype, product(dims(v))));
  const bytes = [...new Set([...l.inputs, ...l.outputs])].reduce((s, v) => s + bytesOf(v), 0);
  const out = l.outputs.reduce((s, v) => s + product(dims(v)), 0);
  return {
    flops: coreFlops(l, dims(l.inputs[0]), dims(l.inputs[1]), out) + (l.program?.code.length ?? 0) * out,
    bytes,
  };
}

function coreFlops(l: PlanLayer, a: readonly number[], b: readonly number[], out: number): number {
  switch (l.op) {
    case 'Conv':
      return 2 * out * product(b.slice(1));
    case 'ConvTranspose':
      return 2 * product(a) * product(b.slice(1));
    case 'MatMul':
      return 2 * out * (l.attrs.trans_a === 1 ? (a[a.length - 2] ?? 1) : (a[a.length - 1] ?? 1));
    case 'Attention': {
      const [q, k] = [a, b];
      return 2 * product(q) * (k[2] ?? 1) * 2;
    }
    case 'MaxPool':
    case 'AveragePool':
      return out * product(l.attrs.kernel_shape as readonly number[]);
    case 'Reduce':
      return product(a);
    case 'Softmax':
      return 5 * out;
    case 'LayerNorm':
      return 8 * out;
    case 'LRN':
      return out * ((l.attrs.size as number) + 4);
    default:
      return 0;
  }
}
