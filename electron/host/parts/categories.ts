import { FUSED_DOMAIN, type FusedKind } from '../../../optimizer/ir/fused.ts';
import type { Node } from '../../../optimizer/ir/graph.ts';
import { findOp } from '../../../optimizer/ops/index.ts';
import type { OpCategory } from '../../../optimizer/ops/op.ts';

const FUSED: Readonly<Record<FusedKind, OpCategory>> = {
  Conv: 'convolution',
  ConvTranspose: 'convolution',
  MatMul: 'matrix',
  Attention: 'matrix',
  Pointwise: 'elementwise',
  LayerNorm: 'normalization',
  Softmax: 'activation',
  Gather: 'shape',
  Shuffle: 'shape',
  Reduce: 'pooling',
  QuantizedConv: 'convolution',
  QuantizedMatMul: 'matrix',
  QuantizedPointwise: 'elementwise',
  QuantizedPool: 'pooling',
  QuantizedResize: 'shape',
  Requantize: 'elementwise',
};

/** Colour group of a node: a fused one has that of its main operator. */
export function categoryOf(node: Pick<Node, 'op' | 'domain'>): OpCategory {
  if (node.domain === FUSED_DOMAIN) return FUSED[node.op as FusedKind] ?? 'other';
  return findOp(node.domain, node.op)?.category ?? 'other';
}
