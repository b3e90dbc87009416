import { unary } from './common/pointwise.ts';

export default unary('Asinh', { since: [9, 22], cost: 8 });
