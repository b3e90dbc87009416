import { windowFunction } from './common/windowFunction.ts';

export default windowFunction('BlackmanWindow', [0.42, -0.5, 0.08]);
