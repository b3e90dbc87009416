import { activationForm } from './canonical/activation-form.ts';
import { attention } from './canonical/attention.ts';
import { batchNorm } from './canonical/batch-norm.ts';
import { gemmFactors } from './canonical/gemm.ts';
import { layerNorm } from './canonical/layer-norm.ts';
import { logSoftmax } from './canonical/log-softmax.ts';
import { oneDimensional } from './canonical/one-dimensional.ts';
import { globalPool } from './canonical/pooling.ts';
import { power } from './canonical/power.ts';
import { reshapes } from './canonical/reshape.ts';
import { slices } from './canonical/slices.ts';
import { variadic } from './canonical/variadic.ts';
import type { Pass } from './pass.ts';

export const canonical: Pass = {
  name: 'canonical',
  title: 'Canonical form',
  doc:
    'Brings the many ways in which exporters write the same thing into one: a decomposed LayerNormalization, GELU or ' +
    'attention is recognized and becomes one operator, BatchNormalization becomes a scale and a shift per channel, ' +
    'Squeeze, Flatten and Unsqueeze become Reshape. Later passes then need to know one form only.',
  measure: 'operators that have a simpler form',
  rules: [
    batchNorm,
    gemmFactors,
    ...variadic,
    power,
    oneDimensional,
    globalPool,
    layerNorm,
    activationForm,
    logSoftmax,
    attention,
    ...slices,
    ...reshapes,
  ],
};
