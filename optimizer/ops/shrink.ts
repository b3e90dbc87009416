import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Shrink', {
  since: [9],
  category: 'activation',
  accepts: onlyFloat,
  attrs: { bias: { type: 'float', default: 0 }, lambd: { type: 'float', default: 0.5 } },
  cost: 2,
});
