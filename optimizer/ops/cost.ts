import { type DimExpr, evalDim, symbolsOf } from '../ir/dim.ts';
import { byteLength } from '../ir/dtype.ts';
import type { Graph, Node, ValueId } from '../ir/graph.ts';
import { countOf } from '../ir/tensor.ts';
import { findOp } from './index.ts';

export interface NodeCost {
  /** Floating-point operations; a multiply-add counts as two. */
  readonly flops: number;
  /** Bytes read and written when everything comes from and goes to memory. */
  readonly bytes: number;
}

/** Work of one node at the static shapes, or at `bind`; symbols without a value count as 1. */
export function nodeCost(graph: Graph, node: Node, bind: ReadonlyMap<string, number> = new Map()): NodeCost {
  const dims = (id: ValueId | null): readonly number[] => {
    const shape = id === null ? null : graph.value(id).type.shape;
    return shape ? shape.map((d) => dimAt(d, bind)) : [];
  };
  const bytesOf = (id: ValueId): number => byteLength(graph.value(id).type.dtype, countOf(dims(id)));
  let bytes = 0;
  for (const v of new Set(node.inputs)) if (v !== null) bytes += bytesOf(v);
  for (const v of node.outputs) bytes += bytesOf(v);
  if (node.body) {
    let flops = 0;
    for (const n of node.body.nodes()) flops += nodeCost(node.body, n, bind).flops;
    return { flops, bytes };
  }
  const def = findOp(node.domain, node.op);
  // Inputs of unknown rank have no cost that could be named.
  const ranked = [...node.inputs, ...node.outputs].every((v) => v === null || graph.value(v).type.shape !== null);
  const flops = ranked ? (def?.flops?.(node, node.inputs.map(dims), node.outputs.map(dims)) ?? 0) : 0;
  return { flops, bytes };
}

function dimAt(d: DimExpr, bind: ReadonlyMap<string, number>): number {
  if (typeof d === 'number') return d;
  const all = new Map(bind);
  for (const s of symbolsOf(d)) if (!all.has(s)) all.set(s, 1);
  return Math.max(0, evalDim(d, all));
}
