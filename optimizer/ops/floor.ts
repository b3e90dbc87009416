import { unary } from './common/pointwise.ts';

export default unary('Floor', { since: [1, 6, 13], data: ([x]) => (typeof x === 'number' ? Math.floor(x) : x!) });
