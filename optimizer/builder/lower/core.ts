import { sameDim } from '../../ir/dim.ts';
import type { Node, ValueId } from '../../ir/graph.ts';
import { countOf, toNumbers } from '../../ir/tensor.ts';
import { reshapeWeight } from '../../ir/weights.ts';
import { BuildError, type LayerAttr } from '../plan.ts';
import { floatAttr, intAttr, intsAttr, type Lowering } from './context.ts';
import { transposedPads, windowOf } from './geometry.ts';
import { buildProgram, isPointwise } from './program.ts';

/** What a compute-heavy node becomes, without its epilogue. */
interface Core {
  readonly op: string;
  readonly attrs: Record<string, LayerAttr>;
  readonly inputs: number[];
  /** Elementwise work that the node itself implies after the core (Gemm's general C). */
  readonly splitAxis: number;
}

export const CORE_OPS = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'LayerNormalization', ...reduceOps()]);
/** A Gather is one only with operators behind it. */
const isHead = (n: Node): boolean => n.domain === '' && (CORE_OPS.has(n.op) || n.op === 'Gather');

function reduceOps(): string[] {
  return ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare']
    .map((k) => `Reduce${k}`)
    .concat('GlobalAveragePool', 'GlobalMaxPool');
}

/**
 * Lowers [Pad →] core → elementwise operators [→ Split] as one layer with an epilogue program.
 * Returns false when the nodes have another shape; the caller then lowers them one by one.
 */
export function lowerCore(low: Lowering, nodes: readonly Node[], results: readonly ValueId[]): boolean {
  const at = nodes.findIndex(isHead);
  if (at < 0) return false;
  const coreNode = nodes[at]!;
  const pad = at === 1 && nodes[0]!.op === 'Pad' ? nodes[0]! : null;
  if (at !== (pad ? 1 : 0)) return false;
  const last = nodes[nodes.length - 1]!;
  const split = last !== coreNode && last.op === 'Split' ? last : null;
  const tail = nodes.slice(at + 1, split ? -1 : undefined);
  if (!tail.every(isPointwise) || (!split && results.length !== 1)) return false;

  const raw = coreNode.outputs[0]!;
  if (coreNode.outputs.length > 1 && coreNode.outputs.slice(1).some((v) => low.graph.useCount(v) > 0)) return false;
  const core = coreOf(low, coreNode, pad);
  if (!core) return false;
  const end = split ? split.inputs[0]! : results[0]!;
  const { program, extra } = buildProgram(low, tail, [raw], [end]);
  const attrs = { ...core.attrs };
  if (split) {
    if (results.length !== split.outputs.length || !results.every((v, i) => v === split.outputs[i])) return false;
    const rank = low.shape(end).length;
    const axis = (intAttr(split, 'axis', 0) + rank) % rank;
    if (axis !== core.splitAxis) return false;
    attrs.splits = results.map((v) => {
      const d = low.shape(v)[axis];
      if (typeof d !== 'number') throw new BuildError(`Split "${split.name}" needs fixed parts`, split.source);
      return d;
    });
  }
  low.layer(coreNode, {
    name: nameOf(nodes),
    op: core.op,
    attrs,
    inputs: core.inputs,
    extra: extra.map((v) => low.value(v)),
    outputs: results.map((v) => low.value(v)),
    ...(tail.length > 0 ? { program } : intAttr(coreNode, 'fold', 0) === 1 ? { foldWish: true } : {}),
  });
  return true;
}

export const nameOf = (nodes: readonly Node[]): string => {
  const names = nodes.map((n) => n.op);
  return names.length <= 4 ? names.join(' + ') : `${names.slice(0, 3).join(' + ')} + ${names.length - 3} more`;
};

function coreOf(low: Lowering, node: Node, pad: Node | null): Core | null {
  switch (node.op) {
    case 'Conv':
    case 'ConvTranspose':
      return convOf(low, node, pad);
    case 'MatMul':
    case 'Gemm':
      return pad ? null : matmulOf(low, node);
    case 'Gather':
      return {
        op: 'Gather',
        attrs: { axis: intAttr(node, 'axis', 0) },
        inputs: node.inputs.map((v) => low.value(v!)),
        splitAxis: -1,
      };
    case 'LayerNormalization': {
      const rank = low.shape(node.inputs[0]!).length;
      const axis = (intAttr(node, 'axis', -1) + rank) % rank;
      const attrs = { axis, epsilon: { float: floatAttr(node, 'epsilon', 1e-5) } };
      return {
        op: 'LayerNorm',
        attrs,
        inputs: node.inputs.map((v) => (v === null ? -1 : low.value(v))),
        splitAxis: -1,
      };
    }
    default:
      return reduceOf(low, node);
  }
}

function convOf(low: Lowering, node: Node, pad: Node | null): Core | null {
  const x = (pad ?? node).inputs[0]!;
  const w = low.shape(node.inputs[1]!);
  const kernel = w.slice(2).map((d) => {
    if (typeof d !== 'number') throw new BuildError(`${node.op} "${node.name}" needs a fixed kernel size`, node.source);
    return d;
  });
  const window = windowOf(node, kernel, low.shape(x).slice(2));
  let pads = window.pads;
  if (pad) {
    const literal = low.literal(pad.inputs[1]);
    if (!literal) return null;
    const extra = toNumbers(literal);
    const rank = kernel.length + 2;
    pads = pads.map((p, i) => p + (i < kernel.length ? extra[i + 2]! : extra[rank + 2 + i - kernel.length]!));
  }
  const transposed = node.op === 'ConvTranspose';
  const out = low.shape(node.outputs[0]!).slice(2);
  const attrs: Record<string, LayerAttr> = {
    kernel_shape: kernel,
    strides: window.strides,
    dilations: window.dilations,
    pads: transposed ? transposedPads(node, window, low.shape(x).slice(2), out) : pads,
    group: intAttr(node, 'group', 1),
  };
  if (transposed) attrs.output_padding = intsAttr(node, 'output_padding') ?? kernel.map(() => 0);
  const inputs = [low.value(x), low.value(node.inputs[1]!)];
  if (node.inputs[2] !== undefined && node.inputs[2] !== null) inputs.push(low.value(node.inputs[2]));
  return { op: node.op, attrs, inputs, splitAxis: 1 };
}

function matmulOf(low: Lowering, node: Node): Core | null {
  const gemm = node.op === 'Gemm';
  const attrs: Record<string, LayerAttr> = {
    trans_a: gemm ? intAttr(node, 'transA', 0) : 0,
    trans_b: gemm ? intAttr(node, 'transB', 0) : 0,
    alpha: { float: gemm ? floatAttr(node, 'alpha', 1) : 1 },
  };
  const inputs = [low.value(node.inputs[0]!), low.value(node.inputs[1]!)];
  const out = low.shape(node.outputs[0]!);
  const c = node.inputs[2];
  if (gemm && c !== undefined && c !== null) {
    const weight = low.weightOf(c);
    const n = out[out.length - 1]!;
    const shape = low.shape(c);
    const isRow = shape.length >= 1 && sameDim(shape[shape.length - 1]!, n) && shape.slice(0, -1).every((d) => d === 1);
    // Only C of one row is the layer's bias; anything else is left to the body as separate operators.
    if (floatAttr(node, 'beta', 1) !== 1 || !isRow) return null;
    inputs.push(
      weight && shape.length > 1 ? low.constant(reshapeWeight(weight, [countOf(weight.shape)])) : low.value(c),
    );
    if (!weight && shape.length > 1) return null;
  }
  return { op: 'MatMul', attrs, inputs, splitAxis: out.length - 1 };
}

function reduceOf(low: Lowering, node: Node): Core | null {
  const x = node.inputs[0]!;
  const rank = low.shape(x).length;
  const all = Array.from({ length: rank }, (_, i) => i);
  if (node.op === 'GlobalAveragePool' || node.op === 'GlobalMaxPool') {
    const attrs = { kind: node.op === 'GlobalMaxPool' ? 'Max' : 'Mean', axes: all.slice(2), keepdims: 1 };
    return { op: 'Reduce', attrs, inputs: [low.value(x)], splitAxis: -1 };
  }
  let axes = intsAttr(node, 'axes');
  const given = node.inputs[1];
  if (given !== undefined && given !== null) {
    const literal = low.literal(given);
    if (!literal) return null;
    axes = toNumbers(literal);
  }
  if (axes === null || axes.length === 0) axes = intAttr(node, 'noop_with_empty_axes', 0) === 1 ? [] : all;
  const attrs = {
    kind: node.op.slice('Reduce'.length),
    axes: axes.map((a) => (a + rank) % rank).sort((a, b) => a - b),
    keepdims: intAttr(node, 'keepdims', 1),
  };
  return { op: 'Reduce', attrs, inputs: [low.value(x)], splitAxis: -1 };
}
