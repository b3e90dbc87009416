import { become, rewritten, scalarLike } from './common/rewritten.ts';
import { addHelper, inputType } from './common/upgrades.ts';
import { OpError } from './op.ts';

/** alpha · op(a) · op(b), where op may swap the last two dimensions. */
export default rewritten(
  'com.microsoft',
  'FusedMatMul',
  [2, 2],
  [1, 1],
  {
    alpha: { type: 'float' },
    transA: { type: 'int' },
    transB: { type: 'int' },
    transBatchA: { type: 'int' },
    transBatchB: { type: 'int' },
  },
  (graph, node) => {
    if (node.attrs.transBatchA || node.attrs.transBatchB)
      throw new OpError('moves its batch dimensions, which is not supported');
    const operand = (i: number, swap: boolean): number => {
      const id = node.inputs[i]!;
      if (!swap) return id;
      const rank = inputType(graph, node, i)?.shape?.length;
      if (rank === undefined) throw new OpError('needs operands of known rank');
      const perm = Array.from({ length: rank }, (_, k) => k);
      return addHelper(graph, node, 'Transpose', [id], { perm: [...perm.slice(0, -2), rank - 1, rank - 2] });
    };
    const inputs = [operand(0, Boolean(node.attrs.transA)), operand(1, Boolean(node.attrs.transB))];
    const alpha = (node.attrs.alpha as number | undefined) ?? 1;
    if (alpha === 1) become(graph, node, 'MatMul', inputs);
    else become(graph, node, 'Mul', [addHelper(graph, node, 'MatMul', inputs), scalarLike(graph, node, alpha)]);
  },
);
