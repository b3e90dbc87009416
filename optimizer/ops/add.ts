import { addData } from './common/data.ts';
import { binary } from './common/pointwise.ts';

export default binary('Add', { since: [1, 6, 7, 13, 14], data: ([x, y]) => addData(x!, y!) });
