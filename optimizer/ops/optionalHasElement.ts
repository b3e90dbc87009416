import { sequenceOp } from './common/sequences.ts';

export default sequenceOp({
  op: 'OptionalHasElement',
  since: [15, 18, 28],
  attrs: {},
  inputs: [0, 1],
  outputs: [1, 1],
  infer: () => ({ types: [{ dtype: 'bool', shape: [] }] }),
});
