import type { Pass } from './pass.ts';
import { padIntoWindow } from './shuffle/pad.ts';
import { transposeAsReshape, transposeBeforeFlatten, transposePair } from './shuffle/transpose.ts';
import { transposeThroughConcat, transposeThroughPointwise } from './shuffle/transpose-sinks.ts';

export const shuffleFusion: Pass = {
  name: 'shuffle-fusion',
  title: 'Shuffle fusion',
  doc:
    'Lets transposes meet: they move behind elementwise operators and concatenations, where two of them become one or ' +
    'cancel. A transpose that only moves axes of length one is a reshape and costs nothing. Padding becomes part of the ' +
    'convolution or pooling behind it.',
  measure: 'number of transposes and pads, then their distance from the outputs',
  rules: [
    transposePair,
    transposeAsReshape,
    transposeBeforeFlatten,
    transposeThroughPointwise,
    transposeThroughConcat,
    padIntoWindow,
  ],
};
