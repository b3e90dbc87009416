import type { Node, ValueId } from '../../ir/graph.ts';
import { countOf, toNumbers } from '../../ir/tensor.ts';
import { intAttr, intsAttr, type Lowering } from './context.ts';

const swapLast = (rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i));

/**
 * Lowers the body of a `sinter.Attention` node: MatMul(Q, Kᵀ) → [Mul | Div by a scalar] → [Add mask] → Softmax → MatMul
 * (·, V) [→ Transpose], with transposes of Q, K, V taken as strided views. False when the body has another shape.
 */
export function lowerAttention(low: Lowering, nodes: readonly Node[], results: readonly ValueId[]): boolean {
  const g = low.graph;
  const softmax = nodes.find((n) => n.op === 'Softmax');
  if (!softmax || results.length !== 1) return false;
  const used = new Set<Node>([softmax]);

  // Forwards: softmax → MatMul with V → optional transpose of the result.
  const second = g.users(softmax.outputs[0]!)[0];
  if (second?.node.op !== 'MatMul' || second.index !== 0) return false;
  used.add(second.node);
  let out = second.node.outputs[0]!;
  const after = out === results[0] ? null : g.users(out)[0]?.node;
  if (after) {
    if (after.op !== 'Transpose' || after.outputs[0] !== results[0]) return false;
    used.add(after);
    out = after.outputs[0]!;
  }

  // Backwards: scale and mask, in either order, down to MatMul(Q, Kᵀ).
  let scale = 1;
  let mask: ValueId | null = null;
  let at: ValueId = softmax.inputs[0]!;
  let first: Node | undefined;
  for (let step = 0; step < 4 && !first; step++) {
    const n = g.producer(at);
    if (!n) return false;
    used.add(n);
    if (n.op === 'MatMul') first = n;
    else {
      const chain = scaled(low, n);
      const inner = n.inputs.findIndex((v) => v !== null && leadsToMatMul(low, v));
      if (inner < 0) return false;
      if (chain !== null && (n.op !== 'Div' || inner === 0)) {
        scale *= chain;
        at = n.inputs[inner]!;
        // Walking backwards, a mask met after a factor would be scaled by it too: not this layer.
      } else if (n.op === 'Add' && mask === null && scale === 1) {
        mask = n.inputs[1 - inner]!;
        at = n.inputs[inner]!;
      } else return false;
    }
  }
  if (!first) return false;

  const operand = (v: ValueId): { value: number; rank: number } | null => {
    const n = g.producer(v);
    const rank = low.shape(v).length;
    if (!n) return { value: low.value(v), rank };
    if (n.op !== 'Transpose') {
      // A scalar factor on Q or K (the form that exporters of scaled-dot-product attention write).
      const factor = scaled(low, n);
      if (factor === null) return null;
      const inner = n.op === 'Div' ? 0 : low.literal(n.inputs[0]) ? 1 : 0;
      used.add(n);
      scale *= factor;
      return operand(n.inputs[inner]!);
    }
    used.add(n);
    const base = operand(n.inputs[0]!);
    const perm = intsAttr(n, 'perm');
    return base && perm ? { value: low.view(base.value, low.shape(v), { kind: 'permute', perm }), rank } : null;
  };
  const q = operand(first.inputs[0]!);
  const kT = operand(first.inputs[1]!);
  const v = operand(second.node.inputs[1]!);
  if (!q || !kT || !v || used.size !== nodes.length) return false;
  if (
    q.rank < 3 ||
    q.rank > 4 ||
    intAttr(softmax, 'axis', -1) % q.rank !== (intAttr(softmax, 'axis', -1) < 0 ? -1 : q.rank - 1)
  )
    return false;

  const kShape = low.shape(first.inputs[1]!);
  const swap = swapLast(kT.rank);
  const k = low.view(
    kT.value,
    swap.map((i) => kShape[i]!),
    { kind: 'permute', perm: swap },
  );
  let target = low.value(out);
  if (after) {
    // The layer writes [B,H,S,E] through a permuted view of the transposed result.
    const perm = intsAttr(after, 'perm')!;
    const inverse = perm.map((_, i) => perm.indexOf(i));
    target = low.view(target, low.shape(after.inputs[0]!), { kind: 'permute', perm: inverse });
  }
  low.layer(softmax, {
    name: 'Attention',
    op: 'Attention',
    attrs: { scale: { float: scale } },
    inputs: [q.value, k, v.value, ...(mask === null ? [] : [low.value(mask)])],
    outputs: [target],
  });
  return true;
}

/** The factor of a multiplication or division by a scalar constant; null for anything else. */
function scaled(low: Lowering, n: Node): number | null {
  if (n.op !== 'Mul' && n.op !== 'Div') return null;
  for (const i of n.op === 'Mul' ? [0, 1] : [1]) {
    const literal = low.literal(n.inputs[i]);
    if (literal && countOf(literal.shape) === 1) {
      const c = toNumbers(literal)[0]!;
      return n.op === 'Mul' ? c : 1 / c;
    }
  }
  return null;
}

function leadsToMatMul(low: Lowering, v: ValueId): boolean {
  for (let at: ValueId | undefined = v, i = 0; at !== undefined && i < 4; i++) {
    const n = low.graph.producer(at);
    if (!n) return false;
    if (n.op === 'MatMul') return true;
    const next: ValueId | null | undefined = n.inputs.find((x) => x !== null && low.graph.producer(x) !== undefined);
    at = next ?? undefined;
  }
  return false;
}
