import { modulo } from './common/data.ts';
import { binary } from './common/pointwise.ts';

export default binary('Mod', {
  since: [10, 13, 28],
  attrs: { fmod: { type: 'int', default: 0 } },
  cost: 2,
  data: ([x, y], ctx) => modulo(ctx, x!, y!),
});
