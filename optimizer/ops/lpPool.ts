import { composed } from './common/compose.ts';
import { explicitWindow, windowAttrs } from './common/window.ts';

/** The p-norm of each window: padding adds nothing to a sum of powers. */
export default composed(
  {
    op: 'LpPool',
    category: 'pooling',
    since: [1, 2, 11, 18, 22],
    attrs: { ...windowAttrs, ceil_mode: { type: 'int', default: 0 }, p: { type: 'int', default: 2 } },
    inputs: [1, 1],
    outputs: [1, 1],
    upgrades: [{ below: Number.MAX_SAFE_INTEGER, apply: explicitWindow(false) }],
  },
  (c) => {
    const { p: _p, ...window } = c.node.attrs;
    const p = c.attr('p');
    const kernel = c.node.attrs.kernel_shape as readonly number[];
    const power = c.op('Pow', [c.op('Abs', [c.input(0)]), c.scalar(c.dtype(0), p)]);
    const mean = c.op('AveragePool', [power], { ...window, count_include_pad: 1 });
    const sum = c.op('Mul', [
      mean,
      c.scalar(
        c.dtype(0),
        kernel.reduce((a, b) => a * b, 1),
      ),
    ]);
    c.finish('Pow', [sum, c.scalar(c.dtype(0), 1 / p)]);
  },
);
