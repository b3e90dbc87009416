import { unary } from './common/pointwise.ts';

export default unary('IsNaN', { since: [9, 13, 20], dtype: () => 'bool' });
