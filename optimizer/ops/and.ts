import { binary, onlyBool } from './common/pointwise.ts';

export default binary('And', {
  since: [1, 7],
  accepts: onlyBool,
  data: ([x, y]) => (typeof x === 'number' && typeof y === 'number' ? (x && y ? 1 : 0) : null),
});
