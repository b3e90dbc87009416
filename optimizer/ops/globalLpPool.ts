import { globalPool } from './common/pool.ts';

export default globalPool('GlobalLpPool', [1, 2, 22], { p: { type: 'int', default: 2 } });
