import { unary } from './common/pointwise.ts';

export default unary('Atan', { since: [7, 22], cost: 8 });
