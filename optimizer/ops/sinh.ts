import { unary } from './common/pointwise.ts';

export default unary('Sinh', { since: [9, 22], cost: 8 });
