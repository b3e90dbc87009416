import { binary, onlyInteger } from './common/pointwise.ts';

export default binary('BitwiseAnd', { since: [18], accepts: onlyInteger });
