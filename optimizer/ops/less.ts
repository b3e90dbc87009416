import { comparison } from './common/pointwise.ts';

export default comparison('Less', {
  since: [1, 7, 9, 13],
  data: ([x, y]) => (typeof x === 'number' && typeof y === 'number' ? Number(x < y) : null),
});
