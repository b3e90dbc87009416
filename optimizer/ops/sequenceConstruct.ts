import { mergeSequences, sequenceOf, sequenceOp } from './common/sequences.ts';
import { typeAt } from './common/shapes.ts';
import { OpError } from './op.ts';

export default sequenceOp({
  op: 'SequenceConstruct',
  since: [11],
  attrs: {},
  inputs: [1, Number.MAX_SAFE_INTEGER],
  outputs: [1, 1],
  infer: (ctx) => {
    if (ctx.inputs.some((t) => t?.sequence)) throw new OpError('makes a sequence of tensors, not of sequences');
    return {
      types: [
        ctx.inputs
          .map((_, i) => sequenceOf(typeAt(ctx, i)))
          .reduce((a, b) => mergeSequences(a, b, (i) => ctx.fresh(`${i}`))),
      ],
    };
  },
});
