import { unary } from './common/pointwise.ts';

export default unary('Cosh', { since: [9, 22], cost: 8 });
