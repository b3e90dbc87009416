import { pool } from './common/pool.ts';

export default pool('MaxPool', [1, 8, 10, 11, 12, 22], { storage_order: { type: 'int', default: 0 } }, [1, 2]);
