import type { ValueId } from '../../../ir/graph.ts';
import { Unconvertible } from '../../common/emitter.ts';
import type { ConvertNode, NodeContext, OpTable } from '../node.ts';
import { movedAxes } from './convolution.ts';

function swapped(c: NodeContext, i: number): ValueId {
  const n = c.rank(i);
  return movedAxes(
    c.e,
    c.in(i),
    Array.from({ length: n }, (_, k) => (k < n - 2 ? k : k === n - 2 ? n - 1 : n - 2)),
  );
}

const product =
  (a: string, b: string): ConvertNode =>
  (c) => [c.e.node('MatMul', [c.bool(a) ? swapped(c, 0) : c.in(0), c.bool(b) ? swapped(c, 1) : c.in(1)])];

/**
 * Sums of products by letters, of two operands at most: letters in both and in the result are batches, in both only are
 * summed, in one only stay. Operands are brought to [batch, kept, summed] and [batch, summed, kept] for one product.
 */
const einsum: ConvertNode = (c) => {
  const equation = c.text('equation').replace(/\s/g, '');
  const [left = '', out] = equation.split('->');
  const terms = left.split(',');
  if (out === undefined || equation.includes('...') || terms.length !== 2)
    throw new Unconvertible(`has the equation ${equation}, which is not understood here`);
  const [a, b] = terms as [string, string];
  const repeated = [a, b, out].some((t) => new Set(t).size !== t.length);
  const letters = [...new Set(a + b)];
  if (repeated || letters.some((x) => !out.includes(x) && !(a.includes(x) && b.includes(x))))
    throw new Unconvertible(`has the equation ${equation}, which is not understood here`);
  const batch = letters.filter((x) => a.includes(x) && b.includes(x) && out.includes(x));
  const summed = letters.filter((x) => !out.includes(x));
  const rows = [...a].filter((x) => !b.includes(x));
  const columns = [...b].filter((x) => !a.includes(x));
  const size = (x: string): number | string | object => {
    const [i, term] = a.includes(x) ? [0, a] : [1, b];
    return c.shape(i)[term.indexOf(x)]!;
  };
  const dims = (list: readonly string[]): number[] => {
    const all = list.map(size);
    if (!all.every((d) => typeof d === 'number')) throw new Unconvertible('needs inputs of known size');
    return all as number[];
  };
  const total = (list: readonly string[]): number => dims(list).reduce((x, y) => x * y, 1);
  const arrange = (
    i: number,
    term: string,
    order: readonly string[],
    parts: readonly (readonly string[])[],
  ): ValueId => {
    const moved = movedAxes(
      c.e,
      c.in(i),
      order.map((x) => term.indexOf(x)),
    );
    // One group of letters is one axis: nothing to merge where each has a single letter.
    return parts.every((p) => p.length === 1) ? moved : c.e.reshape(moved, [...dims(batch), ...parts.map(total)]);
  };
  const x = arrange(0, a, [...batch, ...rows, ...summed], [rows, summed]);
  const y = arrange(1, b, [...batch, ...summed, ...columns], [summed, columns]);
  const z = c.e.node('MatMul', [x, y]);
  const natural = [...batch, ...rows, ...columns];
  const whole = rows.length === 1 && columns.length === 1 ? z : c.e.reshape(z, dims(natural));
  return [
    c.e.transpose(
      whole,
      [...out].map((l) => natural.indexOf(l)),
    ),
  ];
};

export const MATRIX: OpTable = {
  BatchMatMul: product('adj_x', 'adj_y'),
  BatchMatMulV2: product('adj_x', 'adj_y'),
  BatchMatMulV3: product('adj_x', 'adj_y'),
  Einsum: einsum,
  MatMul: product('transpose_a', 'transpose_b'),
};
