import { recurrent } from './common/recurrent.ts';

export default recurrent('GRU', [1, 3, 7, 14, 22], [3, 6], { linear_before_reset: { type: 'int', default: 0 } });
