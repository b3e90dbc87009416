import { unary } from './common/pointwise.ts';

export default unary('Tan', { since: [7, 22], cost: 8 });
