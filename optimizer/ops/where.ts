import { sameDim } from '../ir/dim.ts';
import { pointwiseOf } from './common/pointwise.ts';
import { dtypeOf } from './common/shapes.ts';

export default pointwiseOf('Where', [3, 3], {
  since: [9, 16],
  dtype: (ctx) => dtypeOf(ctx, 1),
  data: ([c, x, y]) => (typeof c === 'number' ? (c ? x! : y!) : sameDim(x!, y!) ? x! : null),
});
