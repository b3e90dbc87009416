import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('ThresholdedRelu', {
  since: [10, 22],
  category: 'activation',
  accepts: onlyFloat,
  attrs: { alpha: { type: 'float', default: 1 } },
  cost: 1,
});
