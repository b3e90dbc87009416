import { comparison } from './common/pointwise.ts';

export default comparison('GreaterOrEqual', {
  since: [12, 16],
  data: ([x, y]) => (typeof x === 'number' && typeof y === 'number' ? Number(x >= y) : null),
});
