import { sameShape } from '../../ir/dim.ts';
import { isFloat } from '../../ir/dtype.ts';
import type { Node, ValueId } from '../../ir/graph.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { dtypeOf, shapeOf, weightOf } from '../match.ts';
import type { PassContext } from '../pass.ts';
import { constantOf, evaluated, vector, wide } from '../wide.ts';

/** The anchors of rules that look for an affine node. */
export const AFFINE_OPS = ['Mul', 'Div', 'Add', 'Sub', 'Neg'];

/** x · factor + shift with constants of any shape that broadcasts to x; null = 1 or 0. Both in float64. */
export interface Affine {
  readonly x: ValueId;
  readonly factor: WeightExpr | null;
  readonly shift: WeightExpr | null;
}

/** Reads a node as a scale or a shift; null when it is neither, or changes the shape of x. */
export function affineOf({ graph }: PassContext, node: Node): Affine | null {
  if (node.domain !== '' || !AFFINE_OPS.includes(node.op) || !isFloat(dtypeOf(graph, node.outputs[0]!))) return null;
  const [a, b] = node.inputs;
  const keeps = (x: ValueId): boolean => {
    const from = shapeOf(graph, x);
    const to = shapeOf(graph, node.outputs[0]);
    return from !== null && to !== null && sameShape(from, to);
  };
  const number = (x: number): WeightExpr => constantOf('float64', [], [x]);
  if (node.op === 'Neg') return { x: a!, factor: number(-1), shift: null };
  const left = weightOf(graph, a);
  const right = weightOf(graph, b);
  if ((left === undefined) === (right === undefined)) return null;
  const x = right ? a! : b!;
  if (!keeps(x)) return null;
  const c = wide((right ?? left)!);
  switch (node.op) {
    case 'Mul':
      return { x, factor: c, shift: null };
    case 'Add':
      return { x, factor: null, shift: c };
    case 'Sub':
      return right ? { x, factor: null, shift: evaluated('Neg', [c]) } : { x, factor: number(-1), shift: c };
    default:
      return right ? { x, factor: evaluated('Div', [number(1), c]), shift: null } : null;
  }
}

/** One number per channel of an axis, as a float64 vector; null when the constant varies along another axis. */
export function perChannel(w: WeightExpr, rank: number, axis: number, channels: number): WeightExpr | null {
  if (w.shape.length > rank) return null;
  const at = axis - (rank - w.shape.length);
  if (!w.shape.every((d, i) => d === 1 || (i === at && d === channels))) return null;
  return vector(w, channels);
}
