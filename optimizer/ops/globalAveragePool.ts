import { globalPool } from './common/pool.ts';

export default globalPool('GlobalAveragePool', [1, 22]);
