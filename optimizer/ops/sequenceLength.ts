import { sequenceAt, sequenceOp } from './common/sequences.ts';

export default sequenceOp({
  op: 'SequenceLength',
  since: [11],
  attrs: {},
  inputs: [1, 1],
  outputs: [1, 1],
  infer(ctx) {
    sequenceAt(ctx, 0);
    return { types: [{ dtype: 'int64', shape: [] }] };
  },
});
