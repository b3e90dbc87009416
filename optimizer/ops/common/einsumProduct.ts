import type { Shape } from '../../ir/dim.ts';
import { isFloat } from '../../ir/dtype.ts';
import type { Graph, Node, ValueId } from '../../ir/graph.ts';
import { Composer } from './compose.ts';

/** What each label of a product of two operands is for. */
interface Roles {
  /** In both operands and the result. */
  readonly batch: string[];
  /** In both operands, summed. */
  readonly summed: string[];
  /** In one operand and the result. */
  readonly left: string[];
  readonly right: string[];
}

/** Null where the equation is no plain product of two operands: repeated labels, sums over one operand, ellipses. */
function rolesOf(a: string, b: string, out: string): Roles | null {
  const once = (term: string): boolean => /^[A-Za-z]*$/.test(term) && new Set(term).size === term.length;
  if (!once(a) || !once(b) || !once(out)) return null;
  const roles: Roles = { batch: [], summed: [], left: [], right: [] };
  for (const l of new Set(a + b)) {
    const [x, y, z] = [a.includes(l), b.includes(l), out.includes(l)];
    if (x && y) (z ? roles.batch : roles.summed).push(l);
    else if (!z) return null;
    else (x ? roles.left : roles.right).push(l);
  }
  // In the order of the result, so that it seldom has to be transposed.
  for (const list of [roles.batch, roles.left, roles.right]) list.sort((p, q) => out.indexOf(p) - out.indexOf(q));
  return roles.summed.length > 0 ? roles : null;
}

/**
 * Writes an Einsum of two operands as Transpose, Reshape and MatMul, which have fast kernels everywhere. Leaves the node alone
 * where that is not all there is to it.
 */
export function asMatMul(graph: Graph, node: Node): void {
  const equation = String(node.attrs.equation ?? '').replaceAll(' ', '');
  const [operands = '', out] = equation.split('->');
  const [a, b, more] = operands.split(',');
  if (out === undefined || a === undefined || b === undefined || more !== undefined || node.inputs.length !== 2) return;
  const roles = rolesOf(a, b, out);
  const c = new Composer(graph, node, { attrs: {} });
  const [x, y] = [c.dims(0), c.dims(1)];
  if (!roles || !isFloat(c.dtype(0)) || !x || !y || x.length !== a.length || y.length !== b.length) return;
  const { batch, summed, left, right } = roles;
  const sizes = new Map<string, Shape[number]>([...[...a].map((l, i) => [l, x[i]!] as const)]);
  for (const [i, l] of [...b].entries()) {
    // Lengths of 1 spread over longer ones: not in a product.
    if (sizes.has(l) && sizes.get(l) !== y[i]) return;
    sizes.set(l, y[i]!);
  }
  const merged = [left, summed, right].some((list) => list.length !== 1);
  const known = [...sizes.values()].every((d) => typeof d === 'number');
  if (merged && !known) return;
  const size = (list: readonly string[]): number => list.reduce((n, l) => n * (sizes.get(l) as number), 1);
  const dimsOf = (list: readonly string[]): number[] => list.map((l) => sizes.get(l) as number);
  const arranged = (v: ValueId, term: string, order: readonly string[], shape: readonly number[]): ValueId => {
    const perm = order.map((l) => term.indexOf(l));
    const moved = perm.every((p, i) => p === i) ? v : c.op('Transpose', [v], { perm });
    return merged ? c.op('Reshape', [moved, c.ints(shape)]) : moved;
  };
  const lead = known ? dimsOf(batch) : [];
  const l = arranged(c.input(0), a, [...batch, ...left, ...summed], [...lead, size(left), size(summed)]);
  const r = arranged(c.input(1), b, [...batch, ...summed, ...right], [...lead, size(summed), size(right)]);
  const order = [...batch, ...left, ...right];
  const perm = [...out].map((k) => order.indexOf(k));
  const inOrder = perm.every((p, i) => p === i);
  if (!merged && inOrder) return c.finish('MatMul', [l, r]);
  const product = c.op('MatMul', [l, r]);
  if (!merged) return c.finish('Transpose', [product], { perm });
  const shape = c.ints(dimsOf(order));
  if (inOrder) return c.finish('Reshape', [product, shape]);
  c.finish('Transpose', [c.op('Reshape', [product, shape])], { perm });
}
