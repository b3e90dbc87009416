import { binary, onlyBool } from './common/pointwise.ts';

export default binary('Xor', { since: [1, 7], accepts: onlyBool });
