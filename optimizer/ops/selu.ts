import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Selu', {
  since: [1, 6, 22],
  category: 'activation',
  accepts: onlyFloat,
  attrs: {
    alpha: { type: 'float', default: 1.6732631921768188 },
    gamma: { type: 'float', default: 1.0507010221481323 },
  },
  cost: 10,
});
