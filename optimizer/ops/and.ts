import { binary, onlyBool } from './common/pointwise.ts';

export default binary('And', { since: [1, 7], accepts: onlyBool });
