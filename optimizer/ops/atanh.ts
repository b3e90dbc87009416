import { unary } from './common/pointwise.ts';

export default unary('Atanh', { since: [9, 22], cost: 8 });
