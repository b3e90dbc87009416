import { reduction } from './common/reduce.ts';

export default reduction('ReduceMin', [1, 11, 12, 13, 18, 20], 18);
