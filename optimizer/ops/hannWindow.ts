import { windowFunction } from './common/windowFunction.ts';

export default windowFunction('HannWindow');
