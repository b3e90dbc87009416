import { random, UNIFORM } from './common/random.ts';

export default random('RandomUniform', UNIFORM);
