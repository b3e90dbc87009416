import { unary } from './common/pointwise.ts';

export default unary('Acosh', { since: [9, 22], cost: 8 });
