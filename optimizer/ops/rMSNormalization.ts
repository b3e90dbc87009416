import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';
import { normalAxis } from './common/shapes.ts';

/** x / √(mean(x²) + ε) · scale over the dimensions from `axis` on; the mean in float32. */
export default composed(
  {
    op: 'RMSNormalization',
    category: 'normalization',
    since: [23],
    attrs: {
      axis: { type: 'int', default: -1 },
      epsilon: { type: 'float', default: Math.fround(1e-5) },
      stash_type: { type: 'int', default: 1 },
    },
    inputs: [2, 2],
    outputs: [1, 1],
  },
  (c) => {
    const rank = c.rank(0);
    const axis = normalAxis(c.attr('axis'), rank);
    const axes = c.ints(Array.from({ length: rank - axis }, (_, i) => axis + i));
    const dtype = c.dtype(0);
    const wide = dtype === 'float64' ? 'float64' : 'float32';
    const x = dtype === wide ? c.input(0) : c.op('Cast', [c.input(0)], { to: codeOfDtype(wide) });
    const mean = c.op('ReduceMean', [c.op('Mul', [x, x]), axes]);
    const root = c.op('Sqrt', [c.op('Add', [mean, c.scalar(wide, c.attr('epsilon'))])]);
    const normal = c.op('Div', [x, root]);
    c.finish('Mul', [dtype === wide ? normal : c.op('Cast', [normal], { to: codeOfDtype(dtype) }), c.input(1)]);
  },
);
