import { describe, expect, it } from 'vitest';
import type { ValueId } from '../../optimizer/ir/graph.ts';
import type { Optimized } from '../../optimizer/passes/pass.ts';
import { Build } from '../support/build.ts';
import { applied, golden, optimized, refused } from '../support/golden.ts';

const RULE = 'normalization-into-products';

const norm = (b: Build, x: ValueId, width: number): ValueId =>
  b.node('LayerNormalization', [x, b.weight([width], 0.3, 1), b.weight([width])], { axis: -1, epsilon: 1e-5 });

/** Two products with a normalization between them, whose result is also added behind the second, as in BERT. */
function postNorm(b: Build, width = 32): ValueId {
  const z = norm(b, b.linear(b.input('x', [2, 5, 16]), 16, width), width);
  const inner = b.node('Gelu', [b.linear(z, width, 64)]);
  return b.node('Add', [b.linear(inner, 64, width), z]);
}

/** Normalizations that carry the wish. */
const wishes = (result: Optimized): number =>
  [...result.graph.nodes()].filter((n) => n.op === 'LayerNormalization' && n.attrs.fold === 1).length;

describe('normalization fusion', () => {
  it('a normalization between products, read by one and added behind another', async () => {
    const b = new Build();
    const result = await golden('normalization-post', b.output(postNorm(b), 'y').done());
    expect(applied(result, RULE)).toBe(1);
    expect(wishes(result)).toBe(1);
  });

  it('rows that also go on as they are, as in ViT', () => {
    const b = new Build();
    const y = b.linear(b.input('x', [2, 5, 16]), 16, 32);
    const out = b.node('Add', [b.linear(norm(b, y, 32), 32, 32), y]);
    expect(wishes(optimized(b.output(out, 'y').done()))).toBe(1);
  });

  it('stays where the result is the model output', () => {
    const b = new Build();
    const z = norm(b, b.linear(b.input('x', [4, 16]), 16, 32), 32);
    const result = optimized(
      b
        .output(z, 'z')
        .output(b.linear(z, 32, 32), 'y')
        .done(),
    );
    expect(refused(result, RULE)).toEqual(['model-output']);
    expect(wishes(result)).toBe(0);
  });

  it('stays where the rows come from something other than a product with weights', () => {
    const b = new Build();
    const result = optimized(b.output(b.linear(norm(b, b.input('x', [4, 32]), 32), 32, 32), 'y').done());
    expect(refused(result, RULE)).toEqual(['not-from-product']);
  });

  it('stays where something else reads the result', () => {
    const b = new Build();
    const z = norm(b, b.linear(b.input('x', [4, 16]), 16, 32), 32);
    const result = optimized(
      b
        .output(b.node('Softmax', [z]), 's')
        .output(b.linear(z, 32, 32), 'y')
        .done(),
    );
    expect(refused(result, RULE)).toEqual(['reader-not-product']);
  });

  it('stays where a product of two activations reads it, whose weights no factor can go into', () => {
    const b = new Build();
    const z = norm(b, b.linear(b.input('x', [4, 16]), 16, 32), 32);
    const result = optimized(b.output(b.node('MatMul', [z, b.input('w', [32, 8])]), 'y').done());
    expect(refused(result, RULE)).toEqual(['reader-not-product']);
  });

  it('stays where the rows do not divide into groups', () => {
    const b = new Build();
    const result = optimized(b.output(postNorm(b, 40), 'y').done());
    expect(refused(result, RULE)).toEqual(['partial-block']);
  });
});
