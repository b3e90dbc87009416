import { become, rewritten } from './common/rewritten.ts';
import { addHelper } from './common/upgrades.ts';
import { OpError } from './op.ts';

/** LayerNormalization of input + skip (+ bias); the sum may be an output of its own. */
export default rewritten(
  'com.microsoft',
  'SkipLayerNormalization',
  [3, 5],
  [1, 4],
  { epsilon: { type: 'float' } },
  (graph, node) => {
    const [x, skip, gamma, beta, bias] = node.inputs;
    const [y, mean, deviation, sumOut] = node.outputs;
    for (const v of [mean, deviation]) {
      if (v !== undefined && (graph.users(v).length > 0 || graph.isOutput(v)))
        throw new OpError('gives out its statistics, which is not supported');
    }
    const biased = bias == null ? x! : addHelper(graph, node, 'Add', [x!, bias]);
    const sum = addHelper(graph, node, 'Add', [biased, skip!], {}, sumOut);
    for (const v of [mean, deviation]) if (v !== undefined) graph.removeValue(v);
    const epsilon = (node.attrs.epsilon as number | undefined) ?? Math.fround(1e-12);
    graph.updateNode(node.id, { outputs: [y!] });
    become(graph, node, 'LayerNormalization', beta == null ? [sum, gamma!] : [sum, gamma!, beta], {
      axis: -1,
      epsilon,
    });
  },
);
