import { pool } from './common/pool.ts';

export default pool('LpPool', [1, 2, 11, 18, 22], { p: { type: 'int', default: 2 } }, [1, 1]);
