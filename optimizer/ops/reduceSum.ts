import { reduction } from './common/reduce.ts';

export default reduction('ReduceSum', [1, 11, 13], 13);
