import { reduction } from './common/reduce.ts';

export default reduction('ReduceL2', [1, 11, 13, 18], 18);
