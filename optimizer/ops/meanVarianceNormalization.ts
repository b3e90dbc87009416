import { composed } from './common/compose.ts';

export default composed(
  {
    op: 'MeanVarianceNormalization',
    category: 'normalization',
    since: [9, 13],
    attrs: { axes: { type: 'ints', default: [0, 2, 3] } },
    inputs: [1, 1],
    outputs: [1, 1],
  },
  (c) => {
    const axes = c.ints((c.node.attrs.axes as readonly number[] | undefined) ?? [0, 2, 3]);
    const x = c.input(0);
    const centred = c.op('Sub', [x, c.op('ReduceMean', [x, axes])]);
    const variance = c.op('ReduceMean', [c.op('Mul', [centred, centred]), axes]);
    const deviation = c.op('Add', [c.op('Sqrt', [variance]), c.scalar(c.dtype(0), 1e-9)]);
    c.finish('Div', [centred, deviation]);
  },
);
