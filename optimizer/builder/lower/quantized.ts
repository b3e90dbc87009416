import { isStatic } from '../../ir/dim.ts';
import type { Node, ValueId } from '../../ir/graph.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { evaluateWeight } from '../../ir/weights.ts';
import { isStoredTensor, type Quantization, readQuantization } from '../../ops/common/quantization.ts';
import { BuildError } from '../plan.ts';
import type { Lowering } from './context.ts';

/*
 * QuantizeLinear and DequantizeLinear: scales become part of the values that layers read and write. What stands between a
 * float and an integer value is then a Copy, or nothing where a layer computes on the integers.
 */

const PRODUCTS = new Set(['Conv', 'MatMul', 'Gemm']);

export const isQuantizer = (n: Pick<Node, 'op' | 'domain'>): boolean =>
  n.domain === '' && (n.op === 'QuantizeLinear' || n.op === 'DequantizeLinear');

function parameters(low: Lowering, node: Node): Quantization | null {
  const integers = node.op === 'QuantizeLinear' ? node.outputs[0]! : node.inputs[0]!;
  const rank = low.graph.value(integers).type.shape?.length ?? 0;
  const q = readQuantization(node, low.graph.value(integers).type.dtype, rank, (i) => low.literal(node.inputs[i]));
  return typeof q === 'string' ? null : q;
}

/** A node that stands alone: a Copy, or a constant. False: the layer of its own name computes it. */
export function lowerQuantizer(low: Lowering, node: Node): boolean {
  if (!low.integers) return false;
  if (node.op === 'DequantizeLinear' && settleConstant(low, node)) return true;
  const q = parameters(low, node);
  if (!q || !isStoredTensor(q)) return false;
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const real = node.op === 'QuantizeLinear' ? x : y;
  if (low.graph.value(real).type.dtype !== 'float32') return false;
  const inputs = [node.op === 'QuantizeLinear' ? low.value(x) : low.meaning(x, q)];
  const outputs = [node.op === 'QuantizeLinear' ? low.meaning(y, q) : low.value(y)];
  low.layer(node, { name: node.op, op: 'Copy', inputs, outputs });
  return true;
}

/** A dequantized constant is the constant of its real numbers. */
function settleConstant(low: Lowering, node: Node): boolean {
  const inputs = node.inputs.map((v) => (v === null ? null : (low.weightOf(v) ?? null)));
  const { type } = low.graph.value(node.outputs[0]!);
  if (!inputs[0] || !inputs[1] || node.attrs.block_size || type.shape === null || !isStatic(type.shape)) return false;
  low.settle(node.outputs[0]!, evaluateWeight(node.op, node.attrs, inputs, type.dtype, type.shape));
  return true;
}

/**
 * A body of dequantizations, what computes, and a quantization: one layer whose operands are integers with scales.
 * `rest` lowers what computes, given the values that it must write.
 */
export function lowerQuantized(
  low: Lowering,
  nodes: readonly Node[],
  rest: (nodes: readonly Node[], results: readonly ValueId[]) => boolean,
): boolean {
  const core = nodes.filter((n) => !isQuantizer(n));
  for (const n of nodes) {
    if (n.op !== 'DequantizeLinear' || !isQuantizer(n)) continue;
    const weight = low.weightOf(n.inputs[0]!);
    if (weight && isOperand(core, n.outputs[0]!, 1)) low.alias(n.outputs[0]!, integerConstant(low, n, weight));
    else if (weight && isIntegerBias(low, core, n)) low.alias(n.outputs[0]!, low.value(n.inputs[0]!));
    else if (!settleConstant(low, n)) low.alias(n.outputs[0]!, low.meaning(n.inputs[0]!, stored(low, n)));
  }
  const results = low.graph.outputs.map((v) => {
    const q = low.graph.producer(v);
    if (q?.op !== 'QuantizeLinear' || !isQuantizer(q)) return v;
    const at = low.meaning(v, stored(low, q));
    if (core.length > 0) {
      low.alias(q.inputs[0]!, at);
      return q.inputs[0]!;
    }
    low.layer(q, { name: 'Requantize', op: 'Copy', inputs: [low.value(q.inputs[0]!)], outputs: [at] });
    return v;
  });
  if (core.length > 0 && !rest(core, results)) {
    throw new BuildError(`${core[0]!.op} "${core[0]!.name}" cannot be one layer on integers`, core[0]!.source);
  }
  return true;
}

const isOperand = (core: readonly Node[], v: ValueId, index: number): boolean =>
  core.some((n) => PRODUCTS.has(n.op) && n.inputs[index] === v);

/** An int32 bias whose steps are the product's own, as quantizers write it: it belongs to the integer sums. */
function isIntegerBias(low: Lowering, core: readonly Node[], bias: Node): boolean {
  if (!isOperand(core, bias.outputs[0]!, 2)) return false;
  const product = core.find((n) => PRODUCTS.has(n.op))!;
  const [b, x, w] = [bias, ...product.inputs.slice(0, 2).map((v) => low.graph.producer(v!))].map((n) =>
    n && isQuantizer(n) ? parameters(low, n) : null,
  );
  if (b?.dtype !== 'int32' || b.zeroPoint !== 0 || !x || !w || low.shape(bias.outputs[0]!).length !== 1) return false;
  const alpha = typeof product.attrs.alpha === 'number' ? product.attrs.alpha : 1;
  const beta = typeof product.attrs.beta === 'number' ? product.attrs.beta : 1;
  const at = (list: readonly number[], i: number): number => list[list.length === 1 ? 0 : i]!;
  const n = Math.max(b.scales.length, w.scales.length);
  return (
    beta === 1 &&
    Array.from({ length: n }, (_, i) => i).every((i) => {
      const step = x.scales[0]! * at(w.scales, i) * alpha;
      return Math.abs(at(b.scales, i) - step) <= 1e-6 * Math.abs(step);
    })
  );
}

function stored(low: Lowering, node: Node) {
  const q = parameters(low, node);
  if (!q || !isStoredTensor(q)) throw new BuildError(`${node.op} "${node.name}" has no single scale`, node.source);
  return q;
}

/** Weights that are integers in the model, with a scale for all or one per channel. */
function integerConstant(low: Lowering, node: Node, weight: WeightExpr): number {
  const q = parameters(low, node);
  if (!q) throw new BuildError(`the scales of "${node.name}" are not constant`, node.source);
  const scale = q.axis === null ? { scale: q.scales[0]! } : { channelScale: { axis: q.axis, scales: q.scales } };
  const { name } = low.graph.value(node.inputs[0]!);
  const value = { name, dtype: weight.dtype, shape: weight.shape, layout: 'linear', weight };
  return low.plan.values.push({ ...value, ...scale, zeroPoint: q.zeroPoint }) - 1;
}
