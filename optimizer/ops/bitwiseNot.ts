import { onlyInteger, unary } from './common/pointwise.ts';

export default unary('BitwiseNot', { since: [18], accepts: onlyInteger });
