import { composed } from './common/compose.ts';
import { finishRms } from './common/rms.ts';
import { normalAxis } from './common/shapes.ts';

/** ONNX Runtime's name, in the standard's domain, for what became RMSNormalization. */
export default composed(
  {
    op: 'SimplifiedLayerNormalization',
    category: 'normalization',
    since: [1],
    attrs: {
      axis: { type: 'int', default: -1 },
      epsilon: { type: 'float', default: Math.fround(1e-5) },
      stash_type: { type: 'int', default: 1 },
    },
    inputs: [2, 2],
    outputs: [1, 1],
  },
  (c) => finishRms(c, c.input(0), c.input(1), normalAxis(c.attr('axis'), c.rank(0)), c.rank(0)),
);
