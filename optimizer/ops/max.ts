import { dimMax } from '../ir/dim.ts';
import { variadic } from './common/pointwise.ts';

export default variadic('Max', { since: [1, 6, 8, 12, 13], data: (a) => a.reduce(dimMax) });
