import { unary } from './common/pointwise.ts';

export default unary('Abs', { since: [1, 6, 13], data: ([x]) => (typeof x === 'number' ? Math.abs(x) : x!) });
