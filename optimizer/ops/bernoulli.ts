import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';

/** 1 with the probability that the input gives. */
export default composed(
  {
    op: 'Bernoulli',
    since: [15, 22],
    attrs: { dtype: { type: 'int' }, seed: { type: 'float' } },
    inputs: [1, 1],
    outputs: [1, 1],
  },
  (c) => {
    const { seed } = c.node.attrs;
    const dice = c.op('RandomUniformLike', [c.input(0)], seed === undefined ? {} : { seed });
    const to = c.node.attrs.dtype ?? codeOfDtype(c.dtype(0));
    c.finish('Cast', [c.op('Less', [dice, c.input(0)])], { to });
  },
);
