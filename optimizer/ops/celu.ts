import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Celu', {
  since: [12],
  category: 'activation',
  accepts: onlyFloat,
  attrs: { alpha: { type: 'float', default: 1 } },
  cost: 10,
});
