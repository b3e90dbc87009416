import { equalData } from './common/data.ts';
import { comparison } from './common/pointwise.ts';

export default comparison('Equal', { since: [1, 7, 11, 13, 19], data: ([x, y]) => equalData(x!, y!) });
