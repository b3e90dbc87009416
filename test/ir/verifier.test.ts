import { describe, expect, it } from 'vitest';
import { Graph } from '../../optimizer/ir/graph.ts';
import { fromNumbers } from '../../optimizer/ir/tensor.ts';
import { verify } from '../../optimizer/ir/verifier.ts';
import { literalWeight } from '../../optimizer/ir/weights.ts';
import { inferTypes } from '../../optimizer/ops/infer.ts';

const type = { dtype: 'float32', shape: [2] } as const;
const spec = { domain: '', name: '', attrs: {}, source: ['0'] } as const;

/** x → Relu → y */
function sound(): { g: Graph; x: number; y: number; n: number } {
  const g = new Graph();
  const x = g.addValue({ name: 'x', type }).id;
  const y = g.addValue({ name: 'y', type }).id;
  const n = g.addNode({ ...spec, op: 'Relu', inputs: [x], outputs: [y] }).id;
  g.setInputs([x]);
  g.setOutputs([y]);
  return { g, x, y, n };
}
const codes = (g: Graph, types = false) =>
  verify(g, types ? { infer: (c) => void inferTypes(c) } : {}).map((p) => p.code);

describe('the verifier', () => {
  it('accepts what is sound', () => {
    expect(codes(sound().g, true)).toEqual([]);
  });
  it('sees a value with two origins', () => {
    const { g, x, y } = sound();
    g.addNode({ ...spec, op: 'Abs', inputs: [x], outputs: [y] });
    expect(codes(g)).toContain('assigned-twice');
  });
  it('sees what nothing computes', () => {
    const { g, n } = sound();
    const loose = g.addValue({ name: 'loose', type }).id;
    g.updateNode(n, { inputs: [loose] });
    expect(codes(g)).toEqual(['undefined-value']);
    g.updateNode(n, { inputs: [999] });
    expect(codes(g)).toEqual(['missing-value']);
  });
  it('sees cycles, lost sources and constants that are computed', () => {
    const { g, y, n } = sound();
    g.updateNode(n, { inputs: [y], source: [] });
    expect(codes(g)).toEqual(expect.arrayContaining(['cycle', 'no-source']));
    const other = sound();
    other.g.updateValue(other.y, { weight: literalWeight(fromNumbers('float32', [2], [1, 2])) });
    expect(codes(other.g)).toContain('weight-produced');
  });
  it('sees bodies that do not fit and types that are not true', () => {
    const { g, n, y } = sound();
    const body = sound().g;
    g.updateNode(n, { domain: 'sinter', op: 'Pointwise', body });
    expect(codes(g)).toEqual([]);
    body.setOutputs([]);
    expect(codes(g)).toContain('body-arity');
    const other = sound();
    other.g.updateValue(other.y, { type: { dtype: 'float32', shape: [3] } });
    expect(codes(other.g, true)).toEqual(['type-mismatch']);
    expect(y).toBeGreaterThan(0);
  });
});

describe('a cycle', () => {
  it('is named without what only comes after it', () => {
    const g = new Graph();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => g.addValue({ name, type }).id) as [number, number, number];
    g.addNode({ ...spec, op: 'Neg', inputs: [b], outputs: [a] });
    g.addNode({ ...spec, op: 'Abs', inputs: [a], outputs: [b], source: ['7'] });
    g.addNode({ ...spec, op: 'Exp', inputs: [b], outputs: [c] });
    g.setOutputs([c]);
    expect(() => g.topological()).toThrow('the graph has a cycle through Neg "0", Abs "7"');
    expect(() => g.topological()).not.toThrow('Exp');
  });
});
