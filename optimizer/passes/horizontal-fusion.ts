import { siblings } from './horizontal/siblings.ts';
import type { Pass } from './pass.ts';

export const horizontalFusion: Pass = {
  name: 'horizontal-fusion',
  title: 'Horizontal fusion',
  doc:
    'Sibling convolutions or products that read one input with the same geometry become one wider layer: the input is read ' +
    'once and the machine has more to do at a time. The layer writes each part where its consumer wants it, so nothing is ' +
    'copied out of the merged result.',
  measure: 'number of nodes',
  rules: [siblings],
};
