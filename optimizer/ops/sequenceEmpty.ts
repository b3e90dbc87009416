import { dtypeOfCode } from './common/dtypes.ts';
import { sequenceOp } from './common/sequences.ts';

export default sequenceOp({
  op: 'SequenceEmpty',
  since: [11],
  attrs: { dtype: { type: 'int', default: 1 } },
  inputs: [0, 0],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [{ dtype: dtypeOfCode(ctx.attr<number>('dtype')), shape: null, sequence: true }] }),
});
