import { Unconvertible } from '../../common/emitter.ts';
import type { ConvertNode, OpTable } from '../node.ts';
import { fromFirst, layoutOf, paddingOf, spatialOf, toFirst, windowed } from './window.ts';

/** Averages leave the padding out. */
const pool =
  (op: string): ConvertNode =>
  (c) => {
    const l = layoutOf(c, c.rank());
    const kernel = spatialOf(c.ints('ksize'), l, 1);
    const full = c.ints('ksize');
    if (full[0] !== 1 || (l.last ? full.at(-1) : full[1]) !== 1)
      throw new Unconvertible('pools over channels or samples');
    const y = windowed(c.e, op, [toFirst(c.e, c.in(0), l)], {
      kernel_shape: kernel,
      strides: spatialOf(c.ints('strides'), l, 1),
      ...paddingOf(c, l),
    });
    return [fromFirst(c.e, y, l)];
  };

export const POOLING: OpTable = {
  AvgPool: pool('AveragePool'),
  AvgPool3D: pool('AveragePool'),
  MaxPool: pool('MaxPool'),
  MaxPool3D: pool('MaxPool'),
};
