import { expect, it } from 'vitest';
import { Graph, type ValueId } from '../../optimizer/ir/graph.ts';
import { groupGraph, MAX_CHILDREN } from '../../optimizer/ir/groups.ts';
import { bigGraph } from '../support/big-model.ts';
import { inceptionGraph } from '../support/synthetic.ts';

function childCounts(graph: Graph): number[] {
  const { groups, of } = groupGraph(graph);
  const counts = new Map<string, number>([['', 0]]);
  const add = (parent: string): void => void counts.set(parent, (counts.get(parent) ?? 0) + 1);
  for (const g of groups) add(g.parent);
  for (const n of graph.nodes()) add(of.get(n.source[0]!) ?? '');
  return [...counts.values()];
}

/** A chain without any names, as Caffe and frozen TensorFlow files have. */
function namelessChain(n: number): Graph {
  const g = new Graph();
  const type = { dtype: 'float32', shape: [1] } as const;
  let x: ValueId = g.addValue({ name: 'x', type }).id;
  g.setInputs([x]);
  for (let i = 0; i < n; i++) {
    const out = g.addValue({ name: '', type });
    g.addNode({ op: 'Relu', domain: '', name: '', attrs: {}, inputs: [x], outputs: [out.id], source: [String(i)] });
    x = out.id;
  }
  g.setOutputs([x]);
  return g;
}

it('groups by name scope, nested as the names are', () => {
  const { groups, of } = groupGraph(inceptionGraph(4));
  const block = groups.find((g) => g.name === 'inception_2')!;
  expect(block.parent).toBe('');
  const branches = groups.filter((g) => g.parent === block.id).map((g) => g.name);
  expect(branches).toEqual(['branch0', 'branch1', 'branch2', 'branch3']);
  // A scope of one operator is no group: the concat stands in its block.
  expect(of.get(String(2 * 9 + 8))).toBe(block.id);
});

it('falls back to chains where nothing is named', () => {
  const { groups, of } = groupGraph(namelessChain(1000));
  expect(groups.length).toBeGreaterThan(5);
  expect(of.size).toBe(1000);
});

it.each([
  ['10,000 scoped operators', () => bigGraph(10_000)],
  ['10,000 nameless operators', () => namelessChain(10_000)],
  ['150 blocks at the top', () => inceptionGraph(150)],
])('never shows more than %s allow: at most 120 children anywhere', (_name, make) => {
  expect(Math.max(...childCounts(make()))).toBeLessThanOrEqual(MAX_CHILDREN);
});
