import { dimMul } from '../ir/dim.ts';
import { unary } from './common/pointwise.ts';

export default unary('Neg', { since: [1, 6, 13], data: ([x]) => dimMul(-1, x!) });
