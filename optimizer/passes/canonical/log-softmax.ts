import { onlyUser, producerOf, sourcesOf } from '../match.ts';
import type { Rule } from '../pass.ts';

/** log(softmax(x)) in one step, which is also more exact for small probabilities. */
export const logSoftmax: Rule = {
  name: 'softmax-log',
  title: 'Softmax + Log → LogSoftmax',
  anchors: ['Log'],
  rewrite(node, { graph }) {
    const softmax = producerOf(graph, node.inputs[0], 'Softmax');
    if (!softmax) return null;
    if (onlyUser(graph, softmax.outputs[0]!) !== node) {
      return { refused: 'output-read', args: { n: graph.useCount(softmax.outputs[0]!) } };
    }
    return {
      remove: [softmax.id, node.id],
      add: [{ ...softmax, op: 'LogSoftmax', outputs: node.outputs, source: sourcesOf(softmax, node) }],
    };
  },
};
