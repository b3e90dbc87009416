import { randomLike, UNIFORM } from './common/random.ts';

export default randomLike('RandomUniformLike', UNIFORM);
