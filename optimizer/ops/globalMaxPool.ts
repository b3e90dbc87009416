import { globalPool } from './common/pool.ts';

export default globalPool('GlobalMaxPool', [1, 22]);
