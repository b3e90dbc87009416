import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Softsign', { since: [1, 22], category: 'activation', accepts: onlyFloat, cost: 3 });
