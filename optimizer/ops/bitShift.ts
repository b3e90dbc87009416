import { binary, onlyInteger } from './common/pointwise.ts';

export default binary('BitShift', {
  since: [11, 28],
  accepts: onlyInteger,
  attrs: { direction: { type: 'string', required: true } },
});
