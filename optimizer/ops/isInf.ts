import type { Graph, Node } from '../ir/graph.ts';
import { Composer } from './common/compose.ts';
import { unary } from './common/pointwise.ts';

/** One sign only: infinite, and on that side of zero. */
function oneSign(graph: Graph, node: Node): void {
  const c = new Composer(graph, node, { attrs: {} });
  const [negative, positive] = [node.attrs.detect_negative !== 0, node.attrs.detect_positive !== 0];
  if (negative && positive) return;
  const x = c.input(0);
  const zero = c.scalar(c.dtype(0), 0);
  if (!negative && !positive) return c.finish('Less', [x, x]);
  const side = c.op(positive ? 'Greater' : 'Less', [x, zero]);
  c.finish('And', [c.op('IsInf', [x]), side]);
}

export default unary('IsInf', {
  since: [10, 20],
  dtype: () => 'bool',
  attrs: { detect_negative: { type: 'int', default: 1 }, detect_positive: { type: 'int', default: 1 } },
  upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply: oneSign }],
});
