import { FUSED_DOMAIN, type FusedKind } from '../../ir/fused.ts';
import type { Node, NodeSpec, ValueId } from '../../ir/graph.ts';
import { isStoredTensor } from '../../ops/common/quantization.ts';
import { chainText, makeBody } from '../body.ts';
import { sourcesOf } from '../match.ts';
import type { PassContext, Refusal, Replacement } from '../pass.ts';
import { quantizationOf, quantizerOf, refusalOf } from './nodes.ts';

/** One node of the dequantizations, the node that computes, and the quantization behind it where it has one. */
export function fuseQuantized(
  ctx: PassContext,
  kind: FusedKind,
  dequantizers: readonly Node[],
  node: Node,
  quantizer: Node | null,
): Replacement {
  const before = [...new Map(dequantizers.map((d) => [d.id, d])).values()];
  const nodes = [...before, node, ...(quantizer ? [quantizer] : [])];
  const outputs: readonly ValueId[] = quantizer ? quantizer.outputs : node.outputs;
  const { body, inputs } = makeBody(ctx.graph, nodes, outputs);
  const source = sourcesOf(...nodes);
  const fused: NodeSpec = {
    ...{ op: kind, domain: FUSED_DOMAIN, name: node.name, attrs: {}, inputs, outputs: [...outputs] },
    ...{ source, body },
  };
  return {
    remove: [node.id, ...(quantizer ? [quantizer.id] : [])],
    add: [fused],
    note: `${chainText([node])} on integers`,
  };
}

/** The quantization behind a node's only result, or why it cannot be taken in. */
export function resultQuantizer(ctx: PassContext, node: Node): Node | Refusal | null {
  const { graph } = ctx;
  const v = node.outputs[0]!;
  const found = quantizerOf(ctx, v);
  if (found) return found.node;
  const quantizers = graph.users(v).filter((u) => u.node.op === 'QuantizeLinear' && u.node.domain === '');
  if (quantizers.length === 0) return null;
  const q = quantizationOf(ctx, quantizers[0]!.node);
  if (typeof q === 'string') return refusalOf(q);
  if (!isStoredTensor(q)) return { refused: 'not-bytes', args: { dtype: q.dtype } };
  return graph.isOutput(v)
    ? { refused: 'output-is-model-output', args: { output: graph.value(v).name } }
    : { refused: 'output-read', args: { n: graph.useCount(v) } };
}

export const isRefused = (x: Node | Refusal | null): x is Refusal => x !== null && 'refused' in x;
