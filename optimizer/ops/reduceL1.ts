import { reduction } from './common/reduce.ts';

export default reduction('ReduceL1', [1, 11, 13, 18], 18);
