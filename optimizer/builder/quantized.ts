import type { Ranges } from '../calibration/rangeTable.ts';
import { quantizeGraph } from '../exporters/onnx/quantize.ts';
import type { Graph } from '../ir/graph.ts';
import { type Pins, precisionPolicy } from './precision.ts';

/**
 * The optimized graph with Q/DQ where calibration has ranges and nothing is pinned: what `sinter build --precision int8`
 * may compute, as a model for other runtimes. Throws BuildError when a pin names no operator of the model.
 */
export function withQuantization(graph: Graph, ranges: Ranges, pins: Pins, activations: 'int8' | 'uint8'): Graph {
  const policy = precisionPolicy(graph, ranges, pins);
  return quantizeGraph(graph, {
    activations,
    amax: (id) => {
      const { name, type } = graph.value(id);
      return policy.amax({ name, dtype: type.dtype, shape: type.shape ?? [], layout: 'linear', ir: id });
    },
    allowed: ({ op, name, source }) => {
      const layer = { name, op, attrs: {}, inputs: [], opInputs: 0, outputs: [], sources: source };
      return policy.storages(layer).includes('int8');
    },
  });
}
