import { describe, expect, it } from 'vitest';
import { lowerGraph } from '../../optimizer/builder/lower/index.ts';
import type { NodeId } from '../../optimizer/ir/graph.ts';
import type { WeightExpr } from '../../optimizer/ir/weight.ts';
import { Build } from '../support/build.ts';
import { applied, golden, operators, optimized, refused } from '../support/golden.ts';
import { inceptionModule, resnet } from '../support/networks.ts';

describe('vertical fusion', () => {
  it('a small residual network: every sum goes into the later convolution', async () => {
    const result = await golden('resnet-small', resnet([2, 1], 4, 32));
    expect(operators(result).filter((o) => o.startsWith('Add') || o.startsWith('Relu'))).toEqual([]);
  });

  it('takes a gate x · sigmoid(x) whole', () => {
    const b = new Build();
    const c = b.conv(b.input('x', [1, 3, 6, 6]), 4, 3);
    const y = b.node('Mul', [c, b.node('Sigmoid', [c])]);
    expect(operators(optimized(b.output(y, 'y').done()))).toEqual(['Conv{Conv Sigmoid Mul}']);
  });

  it('stops where the result is read by others too', () => {
    const b = new Build();
    const c = b.conv(b.input('x', [1, 3, 6, 6]), 4, 3);
    const result = optimized(
      b
        .output(b.relu(c), 'y')
        .output(b.pool('MaxPool', c, 2, 2), 'z')
        .done(),
    );
    expect(operators(result).sort()).toEqual(['Conv', 'MaxPool', 'Relu']);
    expect(refused(result, 'conv-bias-activation')).toEqual(['output-read']);
  });

  it('makes no cycle where the other operand of a sum comes from the convolution itself', () => {
    const b = new Build();
    const first = b.conv(b.input('x', [1, 4, 6, 6]), 4, 3);
    const second = b.conv(b.pool('MaxPool', first, 3, 1, 1), 4, 3);
    const result = optimized(b.output(b.relu(b.node('Add', [first, second])), 'y').done());
    expect(operators(result)).toEqual(['Conv', 'MaxPool', 'Conv{Conv Add Relu}']);
  });

  it('an activation behind a concatenation goes into the layers in front of it', () => {
    const b = new Build();
    const x = b.relu(b.conv(b.input('x', [1, 3, 6, 6]), 4, 3));
    const pooled = b.pool('AveragePool', x, 3, 1, 1);
    const y = b.relu(b.node('Concat', [b.conv(b.pool('MaxPool', x, 3, 1, 1), 2, 1), pooled], { axis: 1 }));
    const result = optimized(b.output(b.conv(y, 2, 1), 'y').done());
    expect(operators(result).filter((o) => o === 'Conv{Conv Relu}')).toHaveLength(2);
    expect(operators(result)).not.toContain('Relu');
  });

  it('an activation stays behind a concatenation of what may be negative and has no layer to go into', () => {
    const b = new Build();
    const pooled = b.pool('AveragePool', b.input('x', [1, 3, 6, 6]), 3, 1, 1);
    const y = b.relu(b.node('Concat', [b.conv(pooled, 2, 1), pooled], { axis: 1 }));
    expect(operators(optimized(b.output(y, 'y').done()))).toContain('Relu');
  });

  it('does not take an operand that makes the result larger', () => {
    const b = new Build();
    const c = b.conv(b.input('x', [1, 3, 1, 1]), 4, 1);
    const result = optimized(b.output(b.node('Mul', [b.input('f', [1, 4, 5, 5]), c]), 'y').done());
    expect(refused(result, 'conv-bias-activation')).toEqual(['grows-shape']);
  });

  it('products with bias, residual and activation; normalizations and reductions with what follows', () => {
    const b = new Build();
    const x = b.input('x', [2, 5, 8]);
    const y = b.node('Gelu', [b.node('Add', [b.linear(x, 8, 8), x])], { approximate: 'none' });
    const n = b.node('Tanh', [b.node('LayerNormalization', [y, b.weight([8]), b.weight([8])], { axis: -1 })]);
    const r = b.node('Sqrt', [b.node('Add', [b.node('ReduceMax', [n, b.ints(1)], { keepdims: 0 }), b.scalar(3)])]);
    const s = b.node('Softmax', [b.node('Sub', [b.node('Exp', [r]), b.weight([8])])], { axis: -1 });
    const result = optimized(b.output(s, 'y').done());
    expect(operators(result)).toEqual([
      'MatMul{MatMul Add Add Gelu}',
      'LayerNorm{LayerNormalization Tanh}',
      'Reduce{ReduceMax Add Sqrt Exp Sub}',
      'Softmax',
    ]);
  });
});

describe('pointwise fusion', () => {
  it('chains of any length with several operands become one kernel', () => {
    const b = new Build();
    const [x, y] = [b.input('x', [4, 5]), b.input('y', [5])];
    let v = b.node('Exp', [x]);
    for (let i = 0; i < 40; i++) v = b.node('Sigmoid', [b.node('Add', [v, y])]);
    const side = b.node('Mul', [b.node('Tanh', [x]), y]);
    const graph = b.output(b.node('Sub', [v, side]), 'z').done();
    const result = optimized(graph);
    expect(result.graph.nodeCount).toBe(1);
    expect(applied(result, 'pointwise-chain')).toBe(1);
  });

  it('a result that others read ends the chain, with the reason', () => {
    const b = new Build();
    const e = b.node('Exp', [b.input('x', [4, 5])]);
    const result = optimized(
      b
        .output(b.node('Tanh', [e]), 'y')
        .output(b.node('Softmax', [e]), 'z')
        .done(),
    );
    expect(refused(result, 'pointwise-chain')).toEqual(['output-read']);
  });

  it('takes no operand that waits for a reduction of the chain itself', () => {
    const b = new Build();
    const e = b.node('Exp', [b.input('x', [4, 5])]);
    const total = b.node('ReduceSum', [e, b.ints(-1)], { keepdims: 1 });
    const result = optimized(b.output(b.node('Tanh', [b.node('Div', [e, total])]), 'y').done());
    expect(operators(result)).toEqual(['Exp', 'ReduceSum', 'Pointwise{Div Tanh}']);
  });
});

describe('gather fusion', () => {
  const words = (b: Build) => b.node('Gather', [b.weight([30, 8]), b.input('ids', [1, 6], 'int64')], { axis: 0 });

  it('rows of a table go straight into what is computed from them', () => {
    const b = new Build();
    const placed = b.node('Add', [b.node('Mul', [words(b), b.scalar(3)]), b.weight([6, 8])]);
    const n = b.node('LayerNormalization', [placed, b.weight([8]), b.weight([8])], { axis: -1 });
    expect(operators(optimized(b.output(n, 'y').done()))).toEqual(['Gather{Gather Mul Add}', 'LayerNormalization']);
  });

  it('stays apart where the rows are read by others too, with the reason', () => {
    const b = new Build();
    const rows = words(b);
    const result = optimized(
      b
        .output(b.node('Add', [rows, b.weight([6, 8])]), 'y')
        .output(b.node('ReduceMax', [rows, b.ints(1)]), 'z')
        .done(),
    );
    expect(operators(result)).toContain('Gather');
    expect(refused(result, 'gather-elementwise')).toEqual(['output-read']);
  });

  it('is taken apart again where a device has no such kernel, with one kernel for all that follows', () => {
    const b = new Build();
    const placed = b.node('Add', [b.node('Mul', [words(b), b.scalar(3)]), b.weight([6, 8])]);
    const { graph } = optimized(b.output(placed, 'y').done());
    const literal = (w: WeightExpr) => (w.kind === 'literal' ? w.value : null);
    const names = (inline: ReadonlySet<NodeId>): string[] =>
      lowerGraph(graph, literal, inline).layers.map((l) => `${l.op}: ${l.name}`);
    const [fused] = graph.topological();
    expect(names(new Set())).toEqual(['Gather: Gather + Mul + Add']);
    expect(names(new Set([fused!.id]))).toEqual(['Gather: Gather', 'Pointwise: Mul + Add']);
  });
});

describe('horizontal fusion and concat elimination', () => {
  it('an inception module: one merged layer, its parts written in place', async () => {
    const b = new Build();
    const x = b.relu(b.conv(b.input('x', [1, 3, 8, 8]), 6, 3));
    const y = inceptionModule(b, x, [4, 3, 5, 2, 4, 3]);
    const result = await golden('inception-small', b.output(b.conv(y, 4, 1), 'y').done());
    expect(applied(result, 'merge-siblings')).toBe(1);
    expect(applied(result, 'concat-view')).toBe(1);
  });

  it('products of one input (query, key, value)', () => {
    const b = new Build();
    const x = b.input('x', [2, 3, 8]);
    const parts = [4, 6, 2].map((n) => b.node('Softmax', [b.linear(x, 8, n)], { axis: 1 }));
    parts.forEach((p, i) => b.output(p, `y${i}`));
    const result = optimized(b.done());
    expect(operators(result).filter((o) => o.startsWith('MatMul'))).toEqual(['MatMul{MatMul Add Split}']);
  });

  it('siblings of another geometry or with another activation stay apart, with the reason', () => {
    const b = new Build();
    const x = b.input('x', [1, 3, 8, 8]);
    b.output(b.relu(b.conv(x, 4, 1)), 'a')
      .output(b.conv(x, 4, 1), 'b')
      .output(b.relu(b.conv(x, 4, 3)), 'c');
    const result = optimized(b.done());
    expect(applied(result, 'merge-siblings')).toBe(0);
    expect(refused(result, 'merge-siblings')).toEqual(['different-sibling']);
  });

  it('a sibling that also adds another tensor is not merged', () => {
    const b = new Build();
    const x = b.input('x', [1, 4, 8, 8]);
    b.output(b.node('Add', [b.conv(x, 4, 1), x]), 'a').output(
      b.node('Add', [b.conv(x, 4, 1), b.input('y', [1, 4, 8, 8])]),
      'b',
    );
    expect(applied(optimized(b.done()), 'merge-siblings')).toBe(0);
  });

  it('nested concatenations are written in place; inputs and shared tensors are not', () => {
    const b = new Build();
    const x = b.input('x', [1, 2, 4, 4]);
    const a = b.pool('MaxPool', x, 3, 1, 1);
    const c = b.pool('AveragePool', x, 3, 1, 1);
    const inner = b.node('Concat', [a, c], { axis: 1 });
    const d = b.conv(inner, 2, 3);
    const outer = b.node('Concat', [inner, d], { axis: 1 });
    const result = optimized(b.output(b.conv(outer, 2, 1), 'y').done());
    expect(applied(result, 'concat-view')).toBe(2);

    const e = new Build();
    const z = e.input('z', [1, 2, 4, 4]);
    const p = e.pool('MaxPool', z, 3, 1, 1);
    const one = e.conv(e.node('Concat', [z, p], { axis: 1 }), 2, 1);
    const two = e.conv(e.node('Concat', [p, e.pool('AveragePool', z, 3, 1, 1)], { axis: 1 }), 2, 1);
    const three = e.conv(e.node('Concat', [e.node('Softmax', [z], { axis: 1 }), p], { axis: 1 }), 2, 1);
    const four = e.node('Concat', [one, two, three], { axis: 1 });
    const refusals = refused(optimized(e.output(four, 'y').done()), 'concat-view');
    expect(refusals.sort()).toEqual(['already-view', 'not-produced', 'whole-is-output']);
  });

  it('splits and slices are read in place', () => {
    const b = new Build();
    const x = b.conv(b.input('x', [1, 3, 4, 4]), 6, 3);
    const parts = b.nodes('Split', [x, b.ints(2, 4)], { axis: 1 }, 2);
    const s = b.node('Slice', [x, b.ints(0), b.ints(6), b.ints(1), b.ints(2)]);
    const y = b.node('MaxPool', [parts[0]!], { kernel_shape: [2, 2] });
    const z = b.node('MaxPool', [parts[1]!], { kernel_shape: [2, 2] });
    const w = b.node('MaxPool', [s], { kernel_shape: [2, 2] });
    const result = optimized(b.output(y, 'y').output(z, 'z').output(w, 'w').done());
    expect(applied(result, 'split-view')).toBe(1);
    expect(refused(result, 'split-view')).toEqual(['step-slice']);
  });
});
