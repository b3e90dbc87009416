import { unary } from './common/pointwise.ts';

export default unary('Relu', { since: [1, 6, 13, 14], category: 'activation' });
