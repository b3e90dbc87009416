import { argReduction } from './common/reduce.ts';

export default argReduction('ArgMax', [1, 11, 12, 13]);
