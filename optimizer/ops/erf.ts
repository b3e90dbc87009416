import { unary } from './common/pointwise.ts';

export default unary('Erf', { since: [9, 13], cost: 8 });
