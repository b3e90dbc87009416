import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Swish', {
  since: [24],
  category: 'activation',
  accepts: onlyFloat,
  cost: 11,
  attrs: { alpha: { type: 'float', default: 1 } },
});
