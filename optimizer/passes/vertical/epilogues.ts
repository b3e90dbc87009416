import { FUSED_DOMAIN, type FusedKind } from '../../ir/fused.ts';
import type { Node, ValueId } from '../../ir/graph.ts';
import { chainText } from '../body.ts';
import { isConstant, labelOf, shapeOf, usedOnce } from '../match.ts';
import type { PassContext, Refusal, Rule } from '../pass.ts';
import { isArithmetic } from '../pointwise-ops.ts';
import { fusedNode, grow } from '../region.ts';

const REDUCTIONS = [
  'GlobalAveragePool',
  'GlobalMaxPool',
  ...['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map((k) => `Reduce${k}`),
];

/** Heads that may take a sum of two of them: the later one does. */
const PRODUCTS = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm']);

const isProduct = (n: Node): boolean => PRODUCTS.has(n.op) && (n.domain === '' || n.domain === FUSED_DOMAIN);

/** Of two products that meet in a sum the later takes it; looks through elementwise nodes that the other will take in. */
function yieldTo(ctx: PassContext, head: Node): (operand: ValueId) => Refusal | null {
  return (operand) => {
    let v: ValueId = operand;
    for (let i = 0; i < 8; i++) {
      const p = ctx.graph.producer(v);
      if (!p || !usedOnce(ctx.graph, v)) return null;
      if (isProduct(p)) {
        return ctx.isLater(p.id, head.id)
          ? { refused: 'later-convolution', args: { other: labelOf(ctx.graph, p) } }
          : null;
      }
      const next = isArithmetic(p) ? p.inputs.find((x) => x !== null && !isConstant(ctx.graph, x)) : undefined;
      if (next === undefined || next === null) return null;
      v = next;
    }
    return null;
  };
}

interface Head {
  readonly name: string;
  readonly title: string;
  readonly kind: FusedKind;
  readonly ops: readonly string[];
  fits?(node: Node, ctx: PassContext): boolean;
}

const HEADS: readonly Head[] = [
  {
    name: 'conv-bias-activation',
    title: 'Convolution + bias + sum + activation',
    kind: 'Conv',
    ops: ['Conv'],
  },
  {
    name: 'deconv-bias-activation',
    title: 'Deconvolution + bias + sum + activation',
    kind: 'ConvTranspose',
    ops: ['ConvTranspose'],
  },
  {
    name: 'matmul-bias-activation',
    title: 'Fully-connected + bias + sum + activation',
    kind: 'MatMul',
    ops: ['MatMul', 'Gemm'],
    // A Gemm whose C is a whole matrix is a product and a sum: nothing to put behind one layer.
    fits: (n, ctx) => n.op !== 'Gemm' || !n.inputs[2] || isRow(ctx, n.inputs[2]),
  },
  {
    name: 'layer-norm-activation',
    title: 'LayerNormalization + elementwise',
    kind: 'LayerNorm',
    ops: ['LayerNormalization'],
  },
  { name: 'reduce-elementwise', title: 'Reduction + elementwise', kind: 'Reduce', ops: REDUCTIONS },
];

function isRow(ctx: PassContext, c: ValueId): boolean {
  const s = shapeOf(ctx.graph, c);
  return s !== null && s.length > 0 && s.slice(0, -1).every((d) => d === 1);
}

export const epilogues: readonly Rule[] = HEADS.map((head) => ({
  name: head.name,
  title: head.title,
  anchors: [...head.ops, `${FUSED_DOMAIN}.${head.kind}`],
  rewrite(node, ctx) {
    if (head.fits && !head.fits(node, ctx)) return null;
    const region = grow(ctx, node, {
      accept: isArithmetic,
      sameType: true,
      producers: false,
      ...(PRODUCTS.has(head.ops[0]!) ? { yieldTo: yieldTo(ctx, node) } : {}),
    });
    if (region === null || 'refused' in region) return region;
    return {
      remove: region.nodes.map((n) => n.id),
      add: [fusedNode(ctx, head.kind, region.nodes, [region.output])],
      note: chainText(region.nodes),
    };
  },
}));
