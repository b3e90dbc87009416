import { become, rewritten, thenActivate } from './common/rewritten.ts';
import { addHelper } from './common/upgrades.ts';
import { explicitWindow, windowAttrs } from './common/window.ts';

/** Convolution, then the sum with an optional fourth input, then an activation. */
export default rewritten(
  'com.microsoft',
  'FusedConv',
  [2, 4],
  [1, 1],
  { ...windowAttrs, group: { type: 'int' }, activation: { type: 'string' }, activation_params: { type: 'floats' } },
  (graph, node) => {
    const { activation = '', activation_params: parameters = [], ...attrs } = node.attrs;
    const [x, w, b, z] = node.inputs;
    become(graph, node, 'Conv', b == null ? [x!, w!] : [x!, w!, b], attrs);
    thenActivate(graph, graph.node(node.id), activation as string, parameters as readonly number[]);
    const conv = graph.node(node.id);
    if (z != null) {
      const output = conv.outputs[0]!;
      const inner = graph.addValue({ name: '', type: graph.value(output).type });
      graph.updateNode(node.id, { outputs: [inner.id] });
      addHelper(graph, node, 'Add', [inner.id, z], {}, output);
    }
    explicitWindow(true)(graph, graph.node(node.id));
  },
);
