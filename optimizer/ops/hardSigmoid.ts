import { onlyFloat, unary } from './common/pointwise.ts';

export default unary('HardSigmoid', {
  since: [1, 6, 22],
  category: 'activation',
  accepts: onlyFloat,
  attrs: { alpha: { type: 'float', default: 0.2 }, beta: { type: 'float', default: 0.5 } },
  cost: 4,
});
