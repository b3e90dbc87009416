import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Softplus', { since: [1, 22], category: 'activation', accepts: onlyFloat, cost: 16 });
