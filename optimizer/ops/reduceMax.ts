import { reduction } from './common/reduce.ts';

export default reduction('ReduceMax', [1, 11, 12, 13, 18, 20], 18);
