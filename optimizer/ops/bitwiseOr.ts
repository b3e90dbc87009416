import { binary, onlyInteger } from './common/pointwise.ts';

export default binary('BitwiseOr', { since: [18], accepts: onlyInteger });
