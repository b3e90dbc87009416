import { onlyBool, unary } from './common/pointwise.ts';

export default unary('Not', {
  since: [1],
  accepts: onlyBool,
  data: ([x]) => (typeof x === 'number' ? (x ? 0 : 1) : null),
});
