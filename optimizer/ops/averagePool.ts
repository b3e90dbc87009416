import { pool } from './common/pool.ts';

export default pool('AveragePool', [1, 7, 10, 11, 19, 22], { count_include_pad: { type: 'int', default: 0 } }, [1, 1]);
