import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('Gelu', {
  since: [20],
  category: 'activation',
  accepts: onlyFloat,
  attrs: { approximate: { type: 'string', default: 'none' } },
  cost: 12,
});
