import { argReduction } from './common/reduce.ts';

export default argReduction('ArgMin', [1, 11, 12, 13]);
