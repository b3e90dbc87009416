import type { ValueId } from '../ir/graph.ts';
import { composed } from './common/compose.ts';
import { OpError } from './op.ts';

/**
 * Inputs: x [batch, heads, tokens, size] or [batch, tokens, heads · size], cosines and sines [places, size / 2] with the
 * place of each token, or [batch, tokens, size / 2] without. Pairs of elements turn by the angle of their place.
 */
export default composed(
  {
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
  },
  (c) => {
    const flat = c.rank(0) === 3;
    const heads = c.attr('num_heads');
    const width = c.dims(0)?.[flat ? 2 : 3];
    if (typeof width !== 'number' || (flat && heads < 1)) throw new OpError('needs its heads and their size fixed');
    const size = flat ? width / heads : width;
    const turned = c.attr('rotary_embedding_dim') || size;
    const x = flat ? c.op('Reshape', [c.input(0), c.ints([0, 0, heads, size])]) : c.input(0);
    const part = (v: ValueId, from: number, to: number, step = 1): ValueId =>
      c.op('Slice', [v, c.ints([from]), c.ints([to]), c.ints([3]), c.ints([step])]);
    // Angles are the same for all heads, whichever axis these are.
    const angles = (index: number): ValueId => {
      const table = c.has(3) ? c.op('Gather', [c.input(index), c.input(3)], { axis: 0 }) : c.input(index);
      return c.op('Unsqueeze', [table, c.ints([flat ? 2 : 1])]);
    };
    const [cos, sin] = [angles(1), angles(2)];
    const mixed = c.attr('interleaved') === 1;
    const half = turned / 2;
    const a = mixed ? part(x, 0, turned, 2) : part(x, 0, half);
    const b = mixed ? part(x, 1, turned, 2) : part(x, half, turned);
    const real = c.op('Sub', [c.op('Mul', [cos, a]), c.op('Mul', [sin, b])]);
    const imaginary = c.op('Add', [c.op('Mul', [sin, a]), c.op('Mul', [cos, b])]);
    const last = c.ints([4]);
    const pairs = (v: ValueId): ValueId => c.op('Unsqueeze', [v, last]);
    const all = mixed
      ? c.op('Reshape', [c.op('Concat', [pairs(real), pairs(imaginary)], { axis: 4 }), c.ints([0, 0, 0, turned])])
      : c.op('Concat', [real, imaginary], { axis: 3 });
    const whole = turned < size ? c.op('Concat', [all, part(x, turned, size)], { axis: 3 }) : all;
    if (flat) c.finish('Reshape', [whole, c.ints([0, 0, width])]);
    else c.finish('Identity', [whole]);
  },
);
