import { unary } from './common/pointwise.ts';

export default unary('Exp', { since: [1, 6, 13], cost: 8 });
