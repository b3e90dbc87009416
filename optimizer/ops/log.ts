import { unary } from './common/pointwise.ts';

export default unary('Log', { since: [1, 6, 13], cost: 8 });
