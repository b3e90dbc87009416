import { pointwiseOf } from './common/pointwise.ts';

export default pointwiseOf('PRelu', [2, 2], { since: [1, 6, 7, 9, 16], category: 'activation', cost: 2 });
