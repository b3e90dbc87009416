import { sameDim } from '../ir/dim.ts';
import { comparison } from './common/pointwise.ts';

export default comparison('Equal', {
  since: [1, 7, 11, 13, 19],
  data: ([x, y]) => (sameDim(x!, y!) ? 1 : typeof x === 'number' && typeof y === 'number' ? 0 : null),
});
