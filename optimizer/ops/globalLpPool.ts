import { composed } from './common/compose.ts';

/** The p-norm of each channel. */
export default composed(
  {
    op: 'GlobalLpPool',
    category: 'pooling',
    since: [1, 2, 22],
    attrs: { p: { type: 'int', default: 2 } },
    inputs: [1, 1],
    outputs: [1, 1],
  },
  (c) => {
    const spatial = c.ints(Array.from({ length: c.rank(0) - 2 }, (_, i) => i + 2));
    const p = c.attr('p');
    if (p === 1 || p === 2) return c.finish(`ReduceL${p}`, [c.input(0), spatial]);
    const power = c.op('Pow', [c.op('Abs', [c.input(0)]), c.scalar(c.dtype(0), p)]);
    c.finish('Pow', [c.op('ReduceSum', [power, spatial]), c.scalar(c.dtype(0), 1 / p)]);
  },
);
