import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';

export default composed(
  {
    op: 'CastLike',
    category: 'elementwise',
    since: [15, 19, 21, 23, 24, 25],
    attrs: { saturate: { type: 'int', default: 1 }, round_mode: { type: 'string', default: 'up' } },
    inputs: [2, 2],
    outputs: [1, 1],
  },
  (c) => c.finish('Cast', [c.input(0)], { ...c.node.attrs, to: codeOfDtype(c.dtype(1)) }),
);
