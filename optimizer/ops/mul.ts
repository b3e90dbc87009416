import { mulData } from './common/data.ts';
import { binary } from './common/pointwise.ts';

export default binary('Mul', { since: [1, 6, 7, 13, 14], data: ([x, y]) => mulData(x!, y!) });
