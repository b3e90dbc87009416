import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('LeakyRelu', {
  since: [1, 6, 16],
  category: 'activation',
  accepts: onlyFloat,
  attrs: { alpha: { type: 'float', default: 0.01 } },
  cost: 2,
});
