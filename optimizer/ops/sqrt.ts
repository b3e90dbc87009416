import { unary } from './common/pointwise.ts';

export default unary('Sqrt', { since: [1, 6, 13], cost: 1 });
