import type { DimExpr, Shape } from '../../ir/dim.ts';
import { OpError } from '../op.ts';
import { broadcastShapes, equalDim } from './shapes.ts';

/** numpy matmul: one-dimensional operands are a row (left) or a column (right) whose added dimension disappears. */
export function matmulShape(a: Shape, b: Shape): DimExpr[] {
  if (a.length === 0 || b.length === 0) throw new OpError('a scalar cannot be multiplied as a matrix');
  const left = a.length === 1 ? [1, a[0]!] : a;
  const right = b.length === 1 ? [b[0]!, 1] : b;
  equalDim(left[left.length - 1]!, right[right.length - 2]!, 'the inner dimensions differ');
  const batch = broadcastShapes([left.slice(0, -2), right.slice(0, -2)]);
  const out = [...batch];
  if (a.length > 1) out.push(left[left.length - 2]!);
  if (b.length > 1) out.push(right[right.length - 1]!);
  return out;
}

/** Multiply-adds counted as two operations. */
export function matmulFlops(a: readonly number[], out: readonly number[]): number {
  const k = a.length === 0 ? 1 : a[a.length - 1]!;
  return 2 * k * out.reduce((x, y) => x * y, 1);
}
