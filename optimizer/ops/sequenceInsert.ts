import { mergeSequences, sequenceAt, sequenceOf, sequenceOp } from './common/sequences.ts';
import { typeAt } from './common/shapes.ts';

/** Inputs: the sequence, the tensor, its position (the end by default). */
export default sequenceOp({
  op: 'SequenceInsert',
  since: [11],
  attrs: {},
  inputs: [2, 3],
  outputs: [1, 1],
  infer: (ctx) => ({
    types: [mergeSequences(sequenceAt(ctx, 0), sequenceOf(typeAt(ctx, 1)), (i) => ctx.fresh(`${i}`))],
  }),
});
