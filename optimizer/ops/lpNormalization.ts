import { composed } from './common/compose.ts';

export default composed(
  {
    op: 'LpNormalization',
    category: 'normalization',
    since: [1, 22],
    attrs: { axis: { type: 'int', default: -1 }, p: { type: 'int', default: 2 } },
    inputs: [1, 1],
    outputs: [1, 1],
  },
  (c) => {
    const norm = c.op(c.attr('p') === 1 ? 'ReduceL1' : 'ReduceL2', [c.input(0), c.ints([c.attr('axis')])]);
    // A line of zeros stays one.
    const zero = c.scalar(c.dtype(0), 0);
    const divisor = c.op('Where', [c.op('Equal', [norm, zero]), c.scalar(c.dtype(0), 1), norm]);
    c.finish('Div', [c.input(0), divisor]);
  },
);
