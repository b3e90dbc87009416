import { binary, onlyInteger } from './common/pointwise.ts';

export default binary('BitwiseXor', { since: [18], accepts: onlyInteger });
