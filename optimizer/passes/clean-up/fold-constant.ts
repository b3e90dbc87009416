import { isStatic } from '../../ir/dim.ts';
import { byteLength } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import { countOf, fromNumbers, LITERAL_LIMIT, type TensorLiteral } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import {
  castWeight,
  concatWeights,
  evaluateWeight,
  literalWeight,
  reshapeWeight,
  transposeWeight,
} from '../../ir/weights.ts';
import { attrInt, attrInts, axisOf, literalOf, staticShape, weightOf } from '../match.ts';
import type { PassContext, Refusal, Rule } from '../pass.ts';

/** Folding may make the model larger by this factor at most, unless the result is small. */
const GROWTH = 1.5;
const SMALL_BYTES = 64 * 1024;

const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
]);
export const isRandom = (n: Node): boolean => RANDOM.has(n.op);

/** Operators kept although their operands are constant: they carry meaning for precision, or own a region. */
const KEPT = new Set(['QuantizeLinear', 'DequantizeLinear', 'If', 'Loop', 'Scan', 'Dropout']);

/** Operators on large constants that are cheap to compute while the engine is built. */
const CHEAP = new Set([
  ...[
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Neg',
    'Sqrt',
    'Reciprocal',
    'Exp',
    'Abs',
    'Min',
    'Max',
    'Relu',
    'Sigmoid',
    'Tanh',
  ],
  ...['Slice', 'Gather', 'Pad', 'Expand', 'ConstantOfShape', 'Where', 'Equal', 'Less', 'Greater', 'Not', 'Softmax'],
  ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin'],
]);

/** An operator on constants becomes a constant: by value when small, else as an expression computed at build. */
export const foldConstant: Rule = {
  name: 'fold-constant',
  title: 'Constant operator computed',
  anchors: null,
  rewrite(node, ctx) {
    const { graph } = ctx;
    if (node.domain !== '' || isRandom(node) || KEPT.has(node.op) || node.outputs.length === 0) return null;
    if (node.op === 'Shape' || node.op === 'Size') return foldShape(node, ctx);
    if (node.op === 'Constant') return foldLiteral(node, ctx);
    if (node.inputs.length === 0) return null;
    if (!node.inputs.every((v) => v === null || weightOf(graph, v))) return foldDimensions(node, ctx);
    const small = peek(node, ctx);
    if (small) return replaceBy(node, ctx, small.map(literalWeight));
    const large = express(node, ctx);
    if (large === null) return { refused: 'not-computable', args: { op: node.op } };
    if ('refused' in large) return large;
    return replaceBy(node, ctx, [large]);
  },
};

function replaceBy(node: Node, ctx: PassContext, weights: readonly WeightExpr[]) {
  const replace = new Map(
    node.outputs.flatMap((v, i) => {
      const w = weights[i];
      return w ? [[v, ctx.constant(w, ctx.graph.value(v).name).id] as const] : [];
    }),
  );
  return { remove: [node.id], add: [], replace, note: `${node.op} of constants` };
}

/** Shape and Size of a value whose dimensions are all known. */
function foldShape(node: Node, ctx: PassContext) {
  const shape = staticShape(ctx.graph, node.inputs[0]);
  if (!shape) return null;
  if (node.op === 'Size') return replaceBy(node, ctx, [literalWeight(fromNumbers('int64', [], [countOf(shape)]))]);
  const clamp = (a: number): number => Math.min(Math.max(axisOf(a, shape.length), 0), shape.length);
  const dims = shape.slice(clamp(attrInt(node, 'start', 0)), clamp(attrInt(node, 'end', shape.length)));
  return replaceBy(node, ctx, [literalWeight(fromNumbers('int64', [dims.length], dims))]);
}

/** Shape arithmetic on partly symbolic shapes whose result is plain numbers all the same. */
function foldDimensions(node: Node, ctx: PassContext) {
  const v = node.outputs[0]!;
  const { dtype } = ctx.graph.value(v).type;
  const shape = staticShape(ctx.graph, v);
  if (node.outputs.length !== 1 || !shape || (dtype !== 'int64' && dtype !== 'int32')) return null;
  const dims = ctx.dimensions(v);
  if (!dims || dims.length !== countOf(shape) || !isStatic(dims)) return null;
  return replaceBy(node, ctx, [literalWeight(fromNumbers(dtype, shape, dims))]);
}

function foldLiteral(node: Node, ctx: PassContext) {
  const value = node.attrs.value;
  if (typeof value !== 'object' || !('bytes' in value)) return null;
  return replaceBy(node, ctx, [literalWeight(value)]);
}

function peek(node: Node, ctx: PassContext): readonly TensorLiteral[] | null {
  const fits = node.outputs.every((v) => {
    const s = staticShape(ctx.graph, v);
    return s !== null && countOf(s) <= LITERAL_LIMIT;
  });
  if (!fits) return null;
  const inputs: (TensorLiteral | null)[] = [];
  for (const v of node.inputs) {
    const t = v === null ? null : literalOf(ctx, v);
    if (v !== null && t === null) return null;
    inputs.push(t);
  }
  return ctx.evaluator.peek(node, inputs);
}

const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'BatchNormalization']);
const MOVED = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten']);

function readAsWeights(node: Node, ctx: PassContext): boolean {
  return ctx.graph
    .users(node.outputs[0]!)
    .some((u) => (u.index > 0 ? WEIGHTED.has(u.node.op) : MOVED.has(u.node.op) && readAsWeights(u.node, ctx)));
}

/** The result as a weight expression; null for operators that are not worth it or not deterministic. */
function express(node: Node, ctx: PassContext): WeightExpr | Refusal | null {
  const { graph } = ctx;
  const type = graph.value(node.outputs[0]!).type;
  if (node.outputs.length > 1 || type.shape === null || !isStatic(type.shape)) return null;
  const inputs = node.inputs.map((v) => weightOf(graph, v) ?? null);
  const x = inputs[0];
  if (!x) return null;
  switch (node.op) {
    case 'Identity':
      return x;
    case 'Cast':
      // A weight's cast saturates and rounds up: others run as the operator.
      if (node.attrs.saturate === 0 || node.attrs.round_mode !== undefined) return null;
      return castWeight(x, type.dtype);
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze':
      return reshapeWeight(x, type.shape);
    case 'Transpose':
      return transposeWeight(x, attrInts(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i));
    case 'Concat':
      return concatWeights(inputs as WeightExpr[], axisOf(attrInt(node, 'axis', 0), x.shape.length));
  }
  // A fill that serves as weights is what a model without its weights has in their place.
  if (node.op === 'ConstantOfShape' && readAsWeights(node, ctx)) {
    return evaluateWeight(node.op, node.attrs, inputs, type.dtype, type.shape);
  }
  if (!CHEAP.has(node.op)) return null;
  const to = byteLength(type.dtype, countOf(type.shape));
  const from = inputs.reduce((n, w) => n + (w ? byteLength(w.dtype, countOf(w.shape)) : 0), 0);
  if (to > SMALL_BYTES && to > from * GROWTH) return { refused: 'grows', args: { from, to } };
  return evaluateWeight(node.op, node.attrs, inputs, type.dtype, type.shape);
}
