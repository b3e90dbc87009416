import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Graph } from '../../optimizer/ir/graph.ts';
import { optimize, pipeline } from '../../optimizer/passes/pipeline.ts';
import { REFUSAL_CODES, refusalText } from '../../optimizer/passes/refusals.ts';
import { graphAt } from '../../optimizer/passes/trace.ts';
import { Build } from '../support/build.ts';
import { contents, expectInvertible, operators, optimized } from '../support/golden.ts';
import { testEvaluator } from '../support/interpreter.ts';
import { bert, inceptionModule, resnet } from '../support/networks.ts';

const small = (): Graph => resnet([1, 1], 4, 32);

const googlenetModule = (): Graph => {
  const b = new Build();
  return b.output(inceptionModule(b, b.input('x', [1, 3, 6, 6]), [4, 3, 5, 2, 4, 3]), 'y').done();
};

describe('switching off', () => {
  it('a pass is listed but not run', () => {
    const off = optimized(small(), { disabledPasses: new Set(['vertical-fusion']) });
    expect(off.trace.passes.find((p) => p.pass === 'vertical-fusion')).toMatchObject({
      disabled: true,
      applications: [],
    });
    expect(operators(off)).toContain('Conv');
  });

  it.each([...new Set(pipeline.map((p) => p.name))])('without %s the result is the same, only slower', (name) => {
    const graphs = [
      small(),
      googlenetModule(),
      bert({ layers: 1, tokens: 4, heads: 2, depth: 4, vocabulary: 8, masked: true }),
    ];
    for (const g of graphs)
      expect(optimized(g, { disabledPasses: new Set([name]) }).graph.nodeCount).toBeGreaterThan(0);
  });

  it('a single fusion is refused by its key, in another build too, and the others still happen', () => {
    const first = optimized(small());
    const fusions = first.trace.passes.find((p) => p.pass === 'vertical-fusion')!.applications;
    const key = fusions[2]!.key;
    const second = optimized(small(), { disabledApplications: new Set([key]) });
    const again = second.trace.passes.find((p) => p.pass === 'vertical-fusion')!;
    expect(again.applications.map((a) => a.key)).toEqual(fusions.map((a) => a.key).filter((k) => k !== key));
    expect(again.refusals.filter((r) => r.code === 'switched-off').map((r) => r.args.key)).toEqual([key]);
    expect(second.trace.stale).toEqual([]);
  });

  it('a key that matches nothing is stale', () => {
    expect(optimized(small(), { disabledApplications: new Set(['0123456789abcdef']) }).trace.stale).toEqual([
      '0123456789abcdef',
    ]);
  });

  it('of two equal applications on the same sources the keys differ, and one can be off', () => {
    const make = (): Graph => {
      const b = new Build();
      const [l, r] = b.nodes('Split', [b.input('x', [1, 4]), b.ints(2, 2)], { axis: 1 }, 2);
      b.output(b.node('Exp', [b.node('Identity', [l!])]), 'y').output(b.node('Exp', [b.node('Identity', [r!])]), 'z');
      const g = b.done();
      for (const n of g.nodes()) if (n.op === 'Identity') g.updateNode(n.id, { source: ['1'] });
      return g;
    };
    const keys = (g: Graph, off: string[]): string[] =>
      optimize(g, testEvaluator(), { disabledApplications: new Set(off) })
        .trace.passes.flatMap((p) => p.applications)
        .filter((a) => a.rule === 'identity')
        .map((a) => a.key);
    const both = keys(make(), []);
    expect(new Set(both).size).toBe(2);
    expect(keys(make(), [both[0]!])).toEqual([both[1]]);
  });
});

it('gives the same trace for the same model', () => {
  const keys = (): string[] => optimized(small()).trace.passes.flatMap((p) => p.applications.map((a) => a.key));
  expect(keys()).toEqual(keys());
});

it('stops when asked to', () => {
  const stop = AbortSignal.abort(new Error('stopped'));
  expect(() => optimize(small(), testEvaluator(), { stop })).toThrow('stopped');
});

it('says how far it is', () => {
  const seen: number[] = [];
  optimize(small(), testEvaluator(), { onProgress: (done, total) => seen.push(done / total) });
  expect(seen).toHaveLength(pipeline.length + 1);
  expect(seen.at(-1)).toBe(1);
});

it('every refusal that a network meets has a sentence', () => {
  for (const g of [small(), bert({ layers: 1, tokens: 4, heads: 2, depth: 4, vocabulary: 8, masked: true })]) {
    for (const p of optimized(g).trace.passes) {
      for (const r of p.refusals) {
        expect(REFUSAL_CODES).toContain(r.code);
        expect(refusalText(r.code, r.args)).not.toMatch(/[{}]/);
      }
    }
  }
});

it('every refusal that the passes can give has a sentence, and no sentence is left over', () => {
  const folder = join(import.meta.dirname, '../../optimizer/passes');
  const given = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    for (const m of readFileSync(join(folder, file), 'utf8').matchAll(/refused: '([a-z-]+)'/g)) given.add(m[1]!);
  }
  expect([...given].sort()).toEqual([...REFUSAL_CODES].sort());
});

describe('a graph of 10,000 nodes', () => {
  /** Towers of convolution, normalization and activation with shortcuts, some elementwise work and dead ends. */
  function tower(): Graph {
    const b = new Build();
    let x = b.conv(b.input('x', [1, 8, 8, 8]), 8, 3);
    const w = [b.weight([8, 8, 3, 3], 0.1), b.weight([8])];
    const bn = [b.weight([8], 0.1, 1), b.weight([8]), b.weight([8]), b.weight([8], 0.1, 1)];
    const [half, one] = [b.scalar(0.5), b.scalar(1)];
    for (let i = 0; i < 1250; i++) {
      const y = b.node('Relu', [
        b.node('BatchNormalization', [b.node('Conv', [x, ...w], { pads: [1, 1, 1, 1] }), ...bn]),
      ]);
      b.node('Abs', [y]);
      const z = b.node('Mul', [b.node('Add', [y, one]), half]);
      x = b.node('Add', [b.node('Identity', [z]), x]);
    }
    return b.output(x, 'y').done();
  }

  it('is optimized, walked back, and any step is opened', () => {
    const graph = tower();
    expect(graph.nodeCount).toBe(10_001);
    const result = optimize(graph, testEvaluator());
    expect(result.graph.nodeCount).toBe(1251);
    expectInvertible(result);
    for (const [i, p] of result.trace.passes.entries()) {
      const step = Math.floor(p.applications.length / 2);
      const opened = graphAt(result, i, step);
      const direct = new Graph();
      expect(opened).not.toBe(direct);
      const next = graphAt(result, i, p.applications.length);
      for (const a of p.applications.slice(step)) opened.apply(a.delta);
      expect(contents(opened)).toEqual(contents(next));
    }
  });
});
