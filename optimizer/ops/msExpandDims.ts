import { composed } from './common/compose.ts';
import { codeOfDtype } from './common/dtypes.ts';

/** A new dimension of size 1 before `axis`, a scalar input; negative ones count from the end of the result. */
export default composed(
  { domain: 'com.microsoft', op: 'ExpandDims', since: [1], attrs: {}, inputs: [2, 2], outputs: [1, 1] },
  (c) => {
    const axis = c.op('Cast', [c.input(1)], { to: codeOfDtype('int64') });
    c.finish('Unsqueeze', [c.input(0), c.op('Reshape', [axis, c.ints([1])])]);
  },
);
