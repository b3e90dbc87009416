import { reduction } from './common/reduce.ts';

export default reduction('ReduceMean', [1, 11, 13, 18], 18);
