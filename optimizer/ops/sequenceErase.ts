import { sequenceAt, sequenceOp } from './common/sequences.ts';

/** Inputs: the sequence, the position (the last by default). */
export default sequenceOp({
  op: 'SequenceErase',
  since: [11],
  attrs: {},
  inputs: [1, 2],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [sequenceAt(ctx, 0)] }),
});
