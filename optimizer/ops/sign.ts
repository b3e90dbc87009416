import { unary } from './common/pointwise.ts';

export default unary('Sign', { since: [9, 13], data: ([x]) => (typeof x === 'number' ? Math.sign(x) : null) });
