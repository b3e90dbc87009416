import { elementCount, isStatic } from '../../ir/dim.ts';
import type { Node, ValueId } from '../../ir/graph.ts';
import { countOf, toNumbers } from '../../ir/tensor.ts';
import { reshapeWeight, sliceWeight, transposeWeight } from '../../ir/weights.ts';
import { BuildError } from '../plan.ts';
import { intAttr, intsAttr, type Lowering } from './context.ts';

export const RESHAPES = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);

/** Operators that move no numbers: planSearch turns the layer into a view or, where that is impossible, a Copy. */
export function lowerReshape(low: Lowering, node: Node): void {
  const x = node.inputs[0]!;
  const weight = low.weightOf(x);
  const y = node.outputs[0]!;
  const shape = low.shape(y);
  if (weight && isStatic(shape) && !low.graph.isOutput(y)) {
    low.alias(y, low.constant(reshapeWeight(weight, shape)));
    return;
  }
  low.layer(node, { op: 'Reshape', inputs: [low.value(x)], outputs: [low.value(y)], viewWish: true });
}

export function lowerTranspose(low: Lowering, node: Node): void {
  const rank = low.shape(node.inputs[0]!).length;
  const perm = intsAttr(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const weight = low.weightOf(node.inputs[0]!);
  if (weight && !low.graph.isOutput(node.outputs[0]!)) {
    low.alias(node.outputs[0]!, low.constant(transposeWeight(weight, perm)));
    return;
  }
  low.layer(node, {
    op: 'Transpose',
    attrs: { perm },
    inputs: [low.value(node.inputs[0]!)],
    outputs: [low.value(node.outputs[0]!)],
    viewWish: true,
  });
}

/** Parts of a constant are constants; false where the input is none. */
export function lowerConstantSplit(low: Lowering, node: Node): boolean {
  const weight = low.weightOf(node.inputs[0]!);
  if (!weight || node.outputs.some((v) => low.graph.isOutput(v) || !isStatic(low.shape(v)))) return false;
  const given = intAttr(node, 'axis', 0);
  const axis = given < 0 ? given + weight.shape.length : given;
  let start = 0;
  for (const v of node.outputs) {
    const length = low.shape(v)[axis] as number;
    low.alias(v, low.constant(sliceWeight(weight, axis, start, length)));
    start += length;
  }
  return true;
}

/** Shape and Size of a value with known (possibly symbolic) dims. */
export function lowerShape(low: Lowering, node: Node): void {
  const dims = low.shape(node.inputs[0]!);
  if (node.op === 'Size') {
    low.layer(node, { op: 'Dims', inputs: [], outputs: [low.value(node.outputs[0]!)], dims: [elementCount(dims)] });
    return;
  }
  const rank = dims.length;
  const clampAxis = (a: number): number => Math.min(Math.max(a < 0 ? a + rank : a, 0), rank);
  const from = clampAxis(intAttr(node, 'start', 0));
  const to = clampAxis(intAttr(node, 'end', rank));
  low.layer(node, { op: 'Dims', inputs: [], outputs: [low.value(node.outputs[0]!)], dims: dims.slice(from, to) });
}

/** Expand, and ConstantOfShape: elementwise programs whose only work is broadcasting. */
export function lowerFill(low: Lowering, node: Node): void {
  const y = node.outputs[0]!;
  const dtype = low.graph.value(y).type.dtype;
  if (node.op === 'Expand') {
    const program = { inputCount: 1, code: [{ op: 'Identity', args: [0], dtype, params: [] }], outputs: [1] };
    low.layer(node, { op: 'Pointwise', inputs: [low.value(node.inputs[0]!)], outputs: [low.value(y)], program });
    return;
  }
  const value = node.attrs.value;
  const literal = typeof value === 'object' && 'bytes' in value ? value : null;
  const fill = literal ? toNumbers(literal)[0]! : 0;
  const program = { inputCount: 0, code: [{ op: 'Const', args: [], dtype, params: [fill] }], outputs: [0] };
  low.layer(node, { op: 'Pointwise', inputs: [], outputs: [low.value(y)], program });
}

/** (x − mean) · scale / √(var + ε) + bias, for a BatchNormalization that no pass folded. */
export function lowerBatchNorm(low: Lowering, node: Node): void {
  if (intAttr(node, 'training_mode', 0) === 1) {
    throw new BuildError(
      `BatchNormalization "${node.name}" is in training mode; export the model for inference`,
      node.source,
    );
  }
  const [x, scale, bias, mean, variance] = node.inputs as number[];
  const rank = low.shape(x!).length;
  const dtype = low.graph.value(node.outputs[0]!).type.dtype;
  const perChannel = (v: number): number => {
    const weight = low.weightOf(v);
    const channels = low.shape(v)[0]!;
    const shape = Array.from({ length: Math.max(1, rank - 1) }, (_, i) => (i === 0 ? channels : 1));
    if (weight)
      return low.constant(
        reshapeWeight(
          weight,
          shape.map((d, i) => (i === 0 ? countOf(weight.shape) : (d as number))),
        ),
      );
    return low.view(low.value(v), shape, { kind: 'reshape' });
  };
  const i = (op: string, args: number[], params: number[] = []) => ({ op, args, dtype, params });
  const code = [
    i('Const', [], [typeof node.attrs.epsilon === 'number' ? node.attrs.epsilon : 1e-5]), // 5
    i('Add', [4, 5]), // 6
    i('Sqrt', [6]), // 7
    i('Div', [1, 7]), // 8
    i('Sub', [0, 3]), // 9
    i('Mul', [9, 8]), // 10
    i('Add', [10, 2]), // 11
  ];
  low.layer(node, {
    op: 'Pointwise',
    inputs: [low.value(x!), perChannel(scale!), perChannel(bias!), perChannel(mean!), perChannel(variance!)],
    outputs: [low.value(node.outputs[0]!)],
    program: { inputCount: 5, code, outputs: [11] },
  });
}

/** Gemm whose C is no row vector, or is scaled: a product, then the addition. */
export function lowerGeneralGemm(low: Lowering, node: Node): void {
  const y = low.graph.value(node.outputs[0]!);
  const product = low.temp(`${y.name}/product`, y.type.dtype, low.shape(y.id));
  const attrs = {
    trans_a: intAttr(node, 'transA', 0),
    trans_b: intAttr(node, 'transB', 0),
    alpha: { float: intAttr(node, 'alpha', 1) },
  };
  low.layer(node, {
    op: 'MatMul',
    attrs,
    inputs: [low.value(node.inputs[0]!), low.value(node.inputs[1]!)],
    outputs: [product],
  });
  const dtype = y.type.dtype;
  const code = [
    { op: 'Const', args: [], dtype, params: [intAttr(node, 'beta', 1)] },
    { op: 'Mul', args: [1, 2], dtype, params: [] },
    { op: 'Add', args: [0, 3], dtype, params: [] },
  ];
  low.layer(node, {
    op: 'Pointwise',
    inputs: [product, low.value(node.inputs[2]!)],
    outputs: [low.value(y.id)],
    program: { inputCount: 2, code, outputs: [4] },
  });
}

/**
 * Reshape → Transpose → Reshape as one Shuffle layer, when the first only splits axes and the second only merges them:
 * such a layer works in any layout, so that channel shuffles need no reformat. False for every other chain.
 */
export function lowerShuffle(low: Lowering, nodes: readonly Node[], results: readonly ValueId[]): boolean {
  const turn = nodes.findIndex((n) => n.op === 'Transpose');
  if (turn < 0 || nodes.some((n, i) => i !== turn && !RESHAPES.has(n.op)) || results.length !== 1) return false;
  const chained = nodes.every((n, i) => i === 0 || n.inputs[0] === nodes[i - 1]!.outputs[0]);
  if (!chained || results[0] !== nodes[nodes.length - 1]!.outputs[0]) return false;
  const transpose = nodes[turn]!;
  const x = nodes[0]!.inputs[0]!;
  const dims = low.shape(transpose.inputs[0]!);
  const perm = intsAttr(transpose, 'perm');
  const moved = low.shape(transpose.outputs[0]!);
  if (!perm || !isStatic(dims) || !isStatic(moved) || dims.length > 8) return false;
  const splits = (whole: readonly unknown[], parts: readonly number[]): boolean => {
    let at = 0;
    for (const d of whole) {
      let product = parts[at++];
      while (product !== undefined && product !== d && at < parts.length) product *= parts[at++]!;
      if (product !== d) return false;
    }
    return parts.slice(at).every((p) => p === 1);
  };
  if (!splits(low.shape(x), dims) || !splits(low.shape(results[0]!), moved)) return false;
  low.layer(transpose, {
    name: 'Shuffle',
    op: 'Shuffle',
    attrs: { dims, perm },
    inputs: [low.value(x)],
    outputs: [low.value(results[0]!)],
  });
  return true;
}
