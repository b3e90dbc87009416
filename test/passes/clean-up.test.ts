import { expect, it } from 'vitest';
import { Graph } from '../../optimizer/ir/graph.ts';
import { literalWeight } from '../../optimizer/ir/weights.ts';
import { Build } from '../support/build.ts';
import { applied, golden, operators, optimized, refused } from '../support/golden.ts';

it('folds constants, drops what does nothing, computes equal things once', async () => {
  const b = new Build();
  const x = b.input('x', [2, 3, 4]);
  const c = b.node('Mul', [b.node('Add', [b.weight([3, 4]), b.scalar(2)]), b.weight([4])]);
  const y = b.node('Mul', [b.node('Identity', [b.node('Dropout', [x])]), c]);
  const left = b.node('Exp', [b.node('Cast', [y], { to: 1 })]);
  const right = b.node('Exp', [y]);
  b.node('Tanh', [b.node('Abs', [x])]);
  const z = b.node('Add', [
    left,
    b.node('Transpose', [b.node('Reshape', [right, b.ints(2, 3, 4)])], { perm: [0, 1, 2] }),
  ]);
  const result = await golden('clean-up', b.output(z, 'z').done());
  expect(applied(result, 'common-subexpression')).toBe(1);
  expect(applied(result, 'dead-node')).toBe(1);
});

it('computes shapes, also where part of them is symbolic', () => {
  const b = new Build();
  const x = b.input('x', ['N', 6, 4]);
  const shape = b.node('Shape', [x]);
  const n = b.node('Gather', [shape, b.ints(0)], { axis: 0 });
  const c = b.node('Gather', [shape, b.ints(1)], { axis: 0 });
  const half = b.node('Div', [c, b.ints(2)]);
  const target = b.node('Concat', [n, half, b.ints(-1)], { axis: 0 });
  const graph = b.output(b.node('Relu', [b.node('Reshape', [x, target])]), 'y').done();
  const result = optimized(graph);
  expect(operators(result)).toEqual(['Reshape', 'Relu']);
});

it('folds large constants into expressions, but not ones that grow', () => {
  const b = new Build();
  const x = b.input('x', [100, 80]);
  const w = b.node('Transpose', [b.weight([100, 80])], { perm: [1, 0] });
  const grown = b.node('Expand', [b.weight([1, 80]), b.ints(1000, 80)]);
  const y = b.node('MatMul', [x, b.node('Mul', [w, b.scalar(0.5)])]);
  const z = b.node('Concat', [x, grown], { axis: 0 });
  const result = optimized(b.output(y, 'y').output(z, 'z').done());
  expect(applied(result, 'fold-constant')).toBe(2);
  expect(refused(result, 'fold-constant')).toContain('grows');
});

it('keeps the value of a model output that would become its input', () => {
  const b = new Build();
  const x = b.input('x', [2, 2]);
  const result = optimized(b.output(b.node('Identity', [x]), 'y').done());
  expect(operators(result)).toEqual(['Identity']);
  expect(refused(result, 'identity')).toEqual(['model-output']);
});

it('gives the name of a model output to what computes it now', () => {
  const b = new Build();
  const x = b.input('x', [2, 2]);
  const y = b.node('Exp', [x]);
  const result = optimized(b.output(b.node('Identity', [y]), 'y').done());
  expect(operators(result)).toEqual(['Exp']);
});

it('merges constants only when their bytes are equal', () => {
  const b = new Build();
  const x = b.input('x', [4]);
  const again = b.graph.addWeight(
    literalWeight({ dtype: 'float32', shape: [1], bytes: new Uint8Array([0, 0, 64, 64]) }),
  ).id;
  const y = b.node('Pow', [x, b.constant([1], [3])]);
  const z = b.node('Pow', [x, again]);
  const other = b.node('Pow', [x, b.constant([1], [5])]);
  const result = optimized(b.output(b.node('Concat', [y, z, other], { axis: 0 }), 'c').done());
  expect(applied(result, 'common-subexpression')).toBe(1);
});

it('an If on a known condition is its branch', () => {
  const branch = (op: string): Graph => {
    const g = new Graph();
    const x = g.addValue({ name: 'x', type: { dtype: 'float32', shape: [2, 3] } });
    const y = g.addValue({ name: 'y', type: { dtype: 'float32', shape: [2, 3] } });
    g.setInputs([x.id]);
    g.addNode({ op, domain: '', name: op, attrs: {}, inputs: [x.id], outputs: [y.id], source: [`0/${op}/0`] });
    g.setOutputs([y.id]);
    return g;
  };
  const b = new Build();
  const x = b.input('x', ['N', 3]);
  const rank = b.node('Size', [b.node('Shape', [x])]);
  const known = b.node('Equal', [rank, b.constant([], [2], 'int64')]);
  const attrs = { then_branch: branch('Exp'), else_branch: branch('Log'), captures: 1 };
  const graph = b.output(b.node('If', [known, x], attrs), 'y').done();
  for (const op of ['Exp', 'Log']) graph.sources.set(`0/${op}/0`, { id: `0/${op}/0`, op, name: op });
  const result = optimized(graph);
  expect(operators(result)).toEqual(['Exp']);
});
