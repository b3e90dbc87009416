import { variadic } from './common/pointwise.ts';

export default variadic('Mean', { since: [1, 6, 8, 13] });
