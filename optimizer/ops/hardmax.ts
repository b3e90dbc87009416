import { composed } from './common/compose.ts';
import { hardmaxBelow13 } from './common/softmax.ts';

/** 1 at the first largest element of each line along the axis, 0 elsewhere. */
export default composed(
  {
    op: 'Hardmax',
    category: 'activation',
    since: [1, 11, 13],
    attrs: { axis: { type: 'int', default: -1 } },
    inputs: [1, 1],
    outputs: [1, 1],
    upgrades: [hardmaxBelow13],
  },
  (c) => {
    const x = c.input(0);
    const axis = c.attr('axis');
    const first = c.op('ArgMax', [x], { axis, keepdims: 0 });
    const depth = c.op('Gather', [c.op('Shape', [x]), c.scalar('int64', axis)], { axis: 0 });
    c.finish('OneHot', [first, depth, c.list(c.dtype(0), [0, 1])], { axis });
  },
);
