import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Celu', {
  since: [12, 28],
  category: 'activation',
  accepts: onlyFloat,
  attrs: { alpha: { type: 'float', default: 1 } },
  cost: 10,
});
