import { count, typeAt } from './common/shapes.ts';
import { defineOp } from './op.ts';

export default defineOp({
  op: 'RotaryEmbedding',
  category: 'elementwise',
  since: [23],
  attrs: {
    interleaved: { type: 'int', default: 0 },
    num_heads: { type: 'int', default: 0 },
    rotary_embedding_dim: { type: 'int', default: 0 },
  },
  inputs: [3, 4],
  outputs: [1, 1],
  infer: (ctx) => ({ types: [typeAt(ctx, 0)] }),
  flops: (_node, inputs) => 3 * count(inputs[0]!),
});
