import { NORMAL, randomLike } from './common/random.ts';

export default randomLike('RandomNormalLike', NORMAL);
