import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Tanh', { since: [1, 6, 13], category: 'activation', accepts: onlyFloat, cost: 10 });
