import { isFloat } from '../ir/dtype.ts';
import { FUSED_DOMAIN } from '../ir/fused.ts';
import type { Graph, Node, ValueId } from '../ir/graph.ts';
import { attrInt, axisOf, dtypeOf, isConstant, labelOf, rankOf, shapeOf, staticShape } from './match.ts';
import type { Pass, PassContext, Refusal, Rule } from './pass.ts';
import { isArithmetic } from './pointwise-ops.ts';

/*
 * A wish, not a decision, like the one of concat elimination: LayerNormalization gets the attribute `fold` = 1 where every reader could
 * normalize what it reads. The builder grants it where it stores the values in 16 bits, the device has kernels for it, and the whole
 * is faster (builder/normalization). The ONNX writer leaves the attribute out.
 */
const FOLD = 'fold';

/** Statistics of rows come in groups of so many columns (native/core/row_statistics.h). */
export const STATISTICS_GROUP = 32;

const PRODUCTS = new Set(['MatMul', 'Gemm']);

/** The product of a node that is one with elementwise operators behind it, and the graph that it stands in; null for other nodes. */
function productOf(g: Graph, n: Node): { readonly graph: Graph; readonly node: Node } | null {
  if (n.domain === '') return PRODUCTS.has(n.op) ? { graph: g, node: n } : null;
  if (n.domain !== FUSED_DOMAIN || n.op !== 'MatMul' || !n.body) return null;
  const node = n.body.topological().find((o) => PRODUCTS.has(o.op));
  return node ? { graph: n.body, node } : null;
}

/** Whether the product's second operand is a matrix of weights: a constant, or an input of the body that is one outside. */
function weighted(g: Graph, outer: Node, product: { readonly graph: Graph; readonly node: Node }): boolean {
  const w = product.node.inputs[1]!;
  const at = product.graph === g ? -1 : product.graph.inputs.indexOf(w);
  const v = at < 0 ? w : outer.inputs[at]!;
  return isConstant(at < 0 ? product.graph : g, v) && rankOf(at < 0 ? product.graph : g, v) === 2;
}

/** How a node reads a value that it could normalize itself: as rows of its product, or elementwise behind it; else why not. */
function useOf(g: Graph, reader: Node, value: ValueId): 'rows' | 'elementwise' | Refusal {
  const refusal: Refusal = { refused: 'reader-not-product', args: { op: labelOf(g, reader) } };
  const product = productOf(g, reader);
  if (!product || !weighted(g, reader, product)) return refusal;
  const inside = product.graph === g ? value : product.graph.inputs[reader.inputs.indexOf(value)]!;
  const uses =
    product.graph === g ? [{ node: product.node, index: reader.inputs.indexOf(value) }] : product.graph.users(inside);
  let rows = false;
  for (const u of uses) {
    if (u.node === product.node) {
      if (u.index !== 0 || attrInt(u.node, 'transA', 0) !== 0) return refusal;
      rows = true;
    } else if (!isArithmetic(u.node)) return refusal;
  }
  return rows ? 'rows' : 'elementwise';
}

function refusalOf(node: Node, { graph }: PassContext): Refusal | null {
  const [x, scale, bias] = node.inputs;
  const y = node.outputs[0]!;
  if (graph.isOutput(y)) return { refused: 'model-output', args: { output: graph.value(y).name } };
  const rank = rankOf(graph, x);
  const axis = axisOf(attrInt(node, 'axis', -1), rank ?? 0);
  if (rank === null || axis !== rank - 1) return { refused: 'axis-not-last', args: { axis } };
  const columns = shapeOf(graph, x)!.at(-1)!;
  if (typeof columns !== 'number') return { refused: 'dynamic-shape', args: { shape: String(columns) } };
  if (columns % STATISTICS_GROUP !== 0)
    return { refused: 'partial-block', args: { length: columns, block: STATISTICS_GROUP } };
  const vector = (v: ValueId | null | undefined): boolean =>
    isConstant(graph, v) && staticShape(graph, v)?.join() === String(columns);
  if (!vector(scale) || (bias !== null && bias !== undefined && !vector(bias)))
    return { refused: 'weights-not-constant' };
  if (node.outputs.slice(1).some((v) => graph.useCount(v) > 0 || graph.isOutput(v)))
    return { refused: 'intermediate-read', args: { value: 'mean' } };
  const producer = graph.producer(x!);
  const product = producer && productOf(graph, producer);
  if (!producer || !product || producer.outputs.length !== 1 || !weighted(graph, producer, product))
    return { refused: 'not-from-product', args: { what: producer ? labelOf(graph, producer) : 'a model input' } };
  const uses = graph.users(y).map((u) => useOf(graph, u.node, y));
  const refused = uses.find((u): u is Refusal => typeof u === 'object');
  if (refused) return refused;
  return uses.includes('rows') ? null : { refused: 'reader-not-product', args: { op: 'every reader' } };
}

const intoProducts: Rule = {
  name: 'normalization-into-products',
  title: 'LayerNormalization → the products around it',
  anchors: ['LayerNormalization'],
  rewrite(node, ctx) {
    const { graph } = ctx;
    if (attrInt(node, FOLD, 0) === 1 || !isFloat(dtypeOf(graph, node.outputs[0]!))) return null;
    const refusal = refusalOf(node, ctx);
    if (refusal) return refusal;
    const readers = new Set(graph.users(node.outputs[0]!).map((u) => u.node.id)).size;
    return {
      remove: [node.id],
      add: [{ ...node, attrs: { ...node.attrs, [FOLD]: 1 } }],
      note: `${labelOf(graph, graph.producer(node.inputs[0]!)!)} can write the statistics of its rows, ${readers === 1 ? 'the reader' : `${readers} readers`} can normalize`,
    };
  },
};

export const normalizationFusion: Pass = {
  name: 'normalization-fusion',
  title: 'Normalization fusion',
  doc:
    'A layer normalization between two matrix products reads and writes all numbers once more. The product in front of it could write the ' +
    'mean and variance of its rows as it goes, and the product behind it read the numbers as they are: a mean and a factor per row then ' +
    'correct its sums. The builder grants the wish where values are stored in 16 bits and the device is faster that way; the normalization ' +
    'then is no layer any more.',
  measure: 'layer normalizations without the wish',
  rules: [intoProducts],
};
