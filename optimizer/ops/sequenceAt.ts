import { elementOf, sequenceAt, sequenceOp } from './common/sequences.ts';

export default sequenceOp({
  op: 'SequenceAt',
  since: [11],
  attrs: {},
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [elementOf(ctx, sequenceAt(ctx, 0))] }),
});
