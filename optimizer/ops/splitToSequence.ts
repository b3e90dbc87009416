import { sequenceOp } from './common/sequences.ts';
import { dtypeOf, hasInput, normalAxis, shapeOf } from './common/shapes.ts';
import { OpError } from './op.ts';

/** Inputs: the tensor, the sizes of the parts (a scalar, or one per part; 1 by default). */
export default sequenceOp({
  op: 'SplitToSequence',
  since: [11, 24],
  attrs: { axis: { type: 'int', default: 0 }, keepdims: { type: 'int', default: 1 } },
  inputs: [1, 2],
  outputs: [1, 1],
  infer(ctx) {
    const x = shapeOf(ctx, 0);
    const axis = normalAxis(ctx.attr<number>('axis'), x.length);
    const sized = hasInput(ctx, 1);
    if (sized && dtypeOf(ctx, 1) !== 'int32' && dtypeOf(ctx, 1) !== 'int64')
      throw new OpError(`takes the sizes of its parts as int32 or int64, not ${dtypeOf(ctx, 1)}`);
    const shape =
      !sized && ctx.attr<number>('keepdims') === 0
        ? x.filter((_, i) => i !== axis)
        : x.map((d, i) => (i !== axis ? d : sized ? ctx.fresh('part') : 1));
    return { types: [{ dtype: dtypeOf(ctx, 0), shape, sequence: true }] };
  },
});
