import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Mish', { since: [18, 22], category: 'activation', accepts: onlyFloat, cost: 26 });
