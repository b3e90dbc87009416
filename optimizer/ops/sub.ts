import { subData } from './common/data.ts';
import { binary } from './common/pointwise.ts';

export default binary('Sub', { since: [1, 6, 7, 13, 14], data: ([x, y]) => subData(x!, y!) });
