import { unary } from './common/pointwise.ts';

export default unary('Round', { since: [11, 22] });
