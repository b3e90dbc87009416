import { become, rewritten } from './common/rewritten.ts';
import { OpError } from './op.ts';

/** What ONNX Runtime called RMSNormalization before the standard had it. */
export default rewritten(
  '',
  'SimplifiedLayerNormalization',
  [2, 2],
  [1, 2],
  { axis: { type: 'int' }, epsilon: { type: 'float' }, stash_type: { type: 'int' } },
  (graph, node) => {
    const [y, deviation] = node.outputs;
    if (deviation !== undefined) {
      if (graph.users(deviation).length > 0 || graph.isOutput(deviation))
        throw new OpError('gives out its statistics, which is not supported');
      graph.removeValue(deviation);
    }
    graph.updateNode(node.id, { outputs: [y!] });
    become(graph, node, 'RMSNormalization', node.inputs, node.attrs);
  },
);
