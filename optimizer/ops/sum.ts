import { dimAdd } from '../ir/dim.ts';
import { variadic } from './common/pointwise.ts';

export default variadic('Sum', { since: [1, 6, 8, 13], data: (a) => dimAdd(...a) });
