import { unary } from './common/pointwise.ts';

export default unary('Sin', { since: [7, 22], cost: 8 });
