import { unary } from './common/pointwise.ts';

export default unary('Acos', { since: [7, 22], cost: 8 });
