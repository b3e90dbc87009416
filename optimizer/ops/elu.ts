import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Elu', {
  since: [1, 6, 22],
  category: 'activation',
  accepts: onlyFloat,
  attrs: { alpha: { type: 'float', default: 1 } },
  cost: 10,
});
