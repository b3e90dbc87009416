import { windowFunction } from './common/windowFunction.ts';

export default windowFunction('HammingWindow', [25 / 46, 25 / 46 - 1]);
