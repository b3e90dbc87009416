import { recurrent } from './common/recurrent.ts';

export default recurrent('RNN', [1, 7, 14, 22], [3, 6], {});
