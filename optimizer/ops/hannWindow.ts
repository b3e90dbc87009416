import { windowFunction } from './common/windowFunction.ts';

export default windowFunction('HannWindow', [0.5, -0.5]);
