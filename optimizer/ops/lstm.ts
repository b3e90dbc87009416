import { recurrent } from './common/recurrent.ts';

export default recurrent('LSTM', [1, 7, 14, 22], [3, 8], { input_forget: { type: 'int', default: 0 } });
