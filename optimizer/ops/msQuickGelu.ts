import { become, rewritten, scalarLike } from './common/rewritten.ts';
import { addHelper } from './common/upgrades.ts';

/** x · sigmoid(alpha · x). */
export default rewritten('com.microsoft', 'QuickGelu', [1, 1], [1, 1], { alpha: { type: 'float' } }, (graph, node) => {
  const x = node.inputs[0]!;
  const alpha = (node.attrs.alpha as number | undefined) ?? Math.fround(1.702);
  const scaled = addHelper(graph, node, 'Mul', [x, scalarLike(graph, node, alpha)]);
  become(graph, node, 'Mul', [x, addHelper(graph, node, 'Sigmoid', [scaled])]);
});
