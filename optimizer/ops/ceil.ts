import { unary } from './common/pointwise.ts';

export default unary('Ceil', { since: [1, 6, 13], data: ([x]) => (typeof x === 'number' ? Math.ceil(x) : x!) });
