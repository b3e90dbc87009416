import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('HardSwish', { since: [14, 22], category: 'activation', accepts: onlyFloat, cost: 5 });
