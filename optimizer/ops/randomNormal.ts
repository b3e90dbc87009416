import { NORMAL, random } from './common/random.ts';

export default random('RandomNormal', NORMAL);
