import { codeOfDtype } from '../../../ir/dtype.ts';
import type { ValueId } from '../../../ir/graph.ts';
import { type ConvertNode, cast, type NodeContext, type OpTable } from '../node.ts';

function reduced(c: NodeContext, op: string, x: ValueId): ValueId {
  const axes = c.known(1, 'the axes it reduces').map((a) => c.axis(a, c.rank()));
  if (axes.length === 0) return c.e.node('Identity', [x]);
  const keep = c.bool('keep_dims') || c.bool('keepdims');
  return c.e.node(op, [x, c.e.ints(...axes)], { keepdims: keep ? 1 : 0 });
}

const reduce =
  (op: string): ConvertNode =>
  (c) => [reduced(c, op, c.in(0))];

/** On truth values: the minimum is "all", the maximum "any". */
const logical =
  (op: string): ConvertNode =>
  (c) => [cast(c.e, reduced(c, op, cast(c.e, c.in(0), 'int32')), 'bool')];

/** The place of the largest or smallest along an axis. */
const arg =
  (op: string): ConvertNode =>
  (c) => {
    const axis = c.count > 1 ? c.axis(c.known(1, 'its axis')[0]!, c.rank()) : 0;
    const y = c.e.node(op, [c.in(0)], { axis, keepdims: 0 });
    const to = c.type('output_type') ?? 'int64';
    return [to === 'int64' ? y : c.e.node('Cast', [y], { to: codeOfDtype(to) })];
  };

const topK: ConvertNode = (c) => {
  const k = c.count > 1 ? c.known(1, 'how many it takes')[0]! : c.int('k', 1);
  const [values, indices] = c.e.nodes('TopK', [c.in(0), c.e.ints(k)], { axis: c.rank() - 1, largest: 1, sorted: 1 }, 2);
  return [values!, cast(c.e, indices!, 'int32')];
};

export const REDUCE: OpTable = {
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
  EuclideanNorm: reduce('ReduceL2'),
  Max: reduce('ReduceMax'),
  Mean: reduce('ReduceMean'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  Sum: reduce('ReduceSum'),
  TopK: topK,
  TopKV2: topK,
};
