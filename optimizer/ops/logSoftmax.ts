import { softmaxFamily } from './common/softmax.ts';

export default softmaxFamily('LogSoftmax');
