import { expect } from 'vitest';
import type { Graph } from '../../optimizer/ir/graph.ts';
import { verify } from '../../optimizer/ir/verifier.ts';
import { inferTypes } from '../../optimizer/ops/infer.ts';
import type { Optimized, OptimizeOptions } from '../../optimizer/passes/pass.ts';
import { optimize } from '../../optimizer/passes/pipeline.ts';
import { graphAt } from '../../optimizer/passes/trace.ts';
import { difference, randomInputs, run, testEvaluator } from './interpreter.ts';
import { printGraph, printTrace } from './print.ts';

/** Weights are rounded to float32 once more after folding: that is all that may differ. */
const TOLERANCE = 5e-6;

/**
 * Optimizes a graph and checks what every optimization must keep: soundness, types, names of inputs and outputs, the
 * numbers, and a trace that can be walked both ways.
 */
export function optimized(graph: Graph, options: OptimizeOptions = {}): Optimized {
  const text = printGraph(graph);
  const result = optimize(graph, testEvaluator(graph.files.map((f) => f.path)), options);
  expect(printGraph(graph), 'the given graph is not changed').toBe(text);
  expect(verify(result.graph, { infer: (g) => void inferTypes(g) })).toEqual([]);
  const names = (g: Graph): string[] => [...g.inputs, ...g.outputs].map((v) => g.value(v).name);
  expect(names(result.graph)).toEqual(names(graph));
  const inputs = randomInputs(graph);
  expect(difference(run(graph, inputs), run(result.graph, inputs))).toBeLessThan(TOLERANCE);
  expectInvertible(result);
  return result;
}

/** Every delta undone gives the initial graph, done again the final one. */
export function expectInvertible(result: Optimized): void {
  const deltas = result.trace.passes.flatMap((p) => p.applications.map((a) => a.delta));
  const g = result.graph.clone();
  for (const d of [...deltas].reverse()) g.apply(d, 'backward');
  expect(contents(g)).toEqual(contents(result.initial));
  for (const d of deltas) g.apply(d, 'forward');
  expect(contents(g)).toEqual(contents(result.graph));
  const last = result.trace.passes.length - 1;
  expect(contents(graphAt(result, 0, 0))).toEqual(contents(result.initial));
  expect(contents(graphAt(result, last, result.trace.passes[last]!.applications.length))).toEqual(
    contents(result.graph),
  );
}

/** Everything a graph holds; records are compared by identity, since deltas share them. */
export function contents(g: Graph) {
  const byId = <T extends { readonly id: number }>(items: Iterable<T>): T[] => [...items].sort((a, b) => a.id - b.id);
  return { nodes: byId(g.nodes()), values: byId(g.values()), inputs: g.inputs, outputs: g.outputs };
}

/** Holds before, trace and after in test/golden/NAME.txt. */
export async function golden(name: string, graph: Graph, options: OptimizeOptions = {}): Promise<Optimized> {
  const before = printGraph(graph);
  const result = optimized(graph, options);
  const text = `${before}\n${printTrace(result.trace)}\n${printGraph(result.graph)}`;
  await expect(text).toMatchFileSnapshot(`../golden/${name}.txt`);
  return result;
}

/** Applications of a rule, over all passes. */
export const applied = (result: Optimized, rule: string): number =>
  result.trace.passes.flatMap((p) => p.applications).filter((a) => a.rule === rule).length;

/** Codes that a rule refused with, each once however often the pass ran. */
export const refused = (result: Optimized, rule: string): string[] => [
  ...new Set(result.trace.passes.flatMap((p) => p.refusals.filter((r) => r.rule === rule).map((r) => r.code))),
];

/** Operators of the result, fused ones as "Conv{Conv Relu}". */
export const operators = (result: Optimized): string[] =>
  result.graph.topological().map((n) =>
    n.body
      ? `${n.op}{${n.body
          .topological()
          .map((o) => o.op)
          .join(' ')}}`
      : n.op,
  );
