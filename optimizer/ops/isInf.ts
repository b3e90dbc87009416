import { unary } from './common/pointwise.ts';

export default unary('IsInf', {
  since: [10, 20],
  dtype: () => 'bool',
  attrs: { detect_negative: { type: 'int', default: 1 }, detect_positive: { type: 'int', default: 1 } },
});
