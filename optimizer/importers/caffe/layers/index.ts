import type { LayerTable } from '../layer.ts';
import { ACTIVATION } from './activation.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { CONVOLUTION } from './convolution.ts';
import { DETECTION } from './detection.ts';
import { MATRIX } from './matrix.ts';
import { NORMALIZATION } from './normalization.ts';
import { POOLING } from './pooling.ts';
import { RECURRENT } from './recurrent.ts';
import { SHAPE } from './shape.ts';

/** Every layer that becomes part of the graph, by its type in the file. Input and training layers are in inputs.ts. */
export const LAYERS: LayerTable = {
  ...ACTIVATION,
  ...ARITHMETIC,
  ...CONVOLUTION,
  ...DETECTION,
  ...MATRIX,
  ...NORMALIZATION,
  ...POOLING,
  ...RECURRENT,
  ...SHAPE,
  // What remains of a loss without its labels.
  SigmoidCrossEntropyLoss: ACTIVATION.Sigmoid!,
  SoftmaxWithLoss: ACTIVATION.Softmax!,
};
