import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';

/** Outputs: the quantized values, their scale, their zero point; from the range that the data has. */
export default composed(
  { op: 'DynamicQuantizeLinear', category: 'elementwise', since: [11], attrs: {}, inputs: [1, 1], outputs: [3, 3] },
  (c) => {
    const x = c.input(0);
    const zero = c.scalar('float32', 0);
    const most = c.scalar('float32', 255);
    const low = c.op('Min', [c.op('ReduceMin', [x], { keepdims: 0 }), zero]);
    const high = c.op('Max', [c.op('ReduceMax', [x], { keepdims: 0 }), zero]);
    const scale = c.op('Div', [c.op('Sub', [high, low]), most]);
    const centre = c.op('Clip', [c.op('Round', [c.op('Neg', [c.op('Div', [low, scale])])]), zero, most]);
    const point = c.op('Cast', [centre], { to: codeOfDtype('uint8') });
    c.output(1, 'Identity', [scale]);
    c.output(2, 'Identity', [point]);
    c.finish('QuantizeLinear', [x, scale, point]);
  },
);
