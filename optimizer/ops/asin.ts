import { unary } from './common/pointwise.ts';

export default unary('Asin', { since: [7, 22], cost: 8 });
