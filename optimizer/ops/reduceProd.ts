import { reduction } from './common/reduce.ts';

export default reduction('ReduceProd', [1, 11, 13, 18], 18);
