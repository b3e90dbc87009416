import { pointwiseOf } from './common/pointwise.ts';

export default pointwiseOf('Pow', [2, 2], {
  since: [1, 7, 12, 13, 15],
  cost: 8,
  data: ([x, y]) => (typeof x === 'number' && typeof y === 'number' ? x ** y : y === 1 ? x! : null),
});
