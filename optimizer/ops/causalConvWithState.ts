import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';
import { OpError } from './op.ts';

/** Inputs after x [batch, channels, length] and the weights [channels, 1, k]. */
const [BIAS, PAST] = [2, 3];

/** A depthwise convolution over what came before: y, and the last k − 1 positions as the next call's past. */
export default composed(
  {
    op: 'CausalConvWithState',
    category: 'convolution',
    since: [27],
    attrs: { activation: { type: 'string', default: 'none' } },
    inputs: [2, 4],
    outputs: [1, 2],
  },
  (c) => {
    const weights = c.dims(1);
    const [channels, , k] = weights ?? [];
    if (typeof channels !== 'number' || typeof k !== 'number') throw new OpError('needs weights of fixed size');
    const zero = c.scalar(c.dtype(0), 0);
    const x = c.has(PAST)
      ? c.op('Concat', [c.input(PAST), c.input(0)], { axis: 2 })
      : c.op('Pad', [c.input(0), c.ints([0, 0, k - 1, 0, 0, 0]), zero], { mode: 'constant' });
    const total = c.op('Gather', [c.op('Shape', [x]), c.ints([2])], { axis: 0 });
    const from = c.op('Sub', [total, c.ints([k - 1])]);
    c.output(1, 'Slice', [x, from, total, c.ints([2])]);
    const inputs = [x, c.input(1), ...(c.has(BIAS) ? [c.input(BIAS)] : [])];
    const attrs = { group: channels, kernel_shape: [k], pads: [0, 0], strides: [1], dilations: [1] };
    const activation = c.text('activation');
    if (activation === 'none') return c.finish('Conv', inputs, attrs);
    if (activation !== 'silu' && activation !== 'swish') throw new OpError(`has an unknown activation "${activation}"`);
    const y = c.op('Conv', inputs, attrs);
    const dtype = c.dtype(0);
    if (dtype === 'float32' || dtype === 'float64') return c.finish('Mul', [y, c.op('Sigmoid', [y])]);
    const wide = c.op('Cast', [y], { to: codeOfDtype('float32') });
    c.finish('Cast', [c.op('Mul', [wide, c.op('Sigmoid', [wide])])], { to: codeOfDtype(dtype) });
  },
);
