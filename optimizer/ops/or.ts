import { binary, onlyBool } from './common/pointwise.ts';

export default binary('Or', { since: [1, 7], accepts: onlyBool });
