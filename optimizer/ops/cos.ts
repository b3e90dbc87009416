import { unary } from './common/pointwise.ts';

export default unary('Cos', { since: [7, 22], cost: 8 });
