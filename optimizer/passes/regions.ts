import { type AttrValue, Graph } from '../ir/graph.ts';
import { measureGraph } from './measure.ts';
import type { Application, Evaluator, Optimized, OptimizeOptions, TracedPass } from './pass.ts';

/** The subgraphs of If, Loop and Scan, optimized by the same pipeline. */
export const REGIONS_PASS = {
  name: 'regions',
  title: 'Regions',
  doc:
    'Runs the pipeline on the subgraphs that If, Loop and Scan own. What they capture stays as it is: values that cross ' +
    'the border of a region are not fused over it.',
} as const;

/** Runs `optimize` on every subgraph of the graph's nodes, in place; null where there is none. */
export function optimizeRegions(
  graph: Graph,
  evaluator: Evaluator,
  options: OptimizeOptions,
  optimize: (graph: Graph, evaluator: Evaluator, options: OptimizeOptions) => Optimized,
): TracedPass | null {
  const owners = graph.topological().filter((n) => Object.values(n.attrs).some((a) => a instanceof Graph));
  if (owners.length === 0) return null;
  const started = performance.now();
  const applications: Application[] = [];
  const inner: OptimizeOptions = {
    ...(options.disabledPasses ? { disabledPasses: options.disabledPasses } : {}),
    ...(options.stop ? { stop: options.stop } : {}),
  };
  for (const node of owners) {
    const attrs: Record<string, AttrValue> = { ...node.attrs };
    let rules = 0;
    for (const [name, body] of Object.entries(node.attrs)) {
      if (!(body instanceof Graph)) continue;
      const result = optimize(body, evaluator, inner);
      rules += result.trace.passes.reduce((n, p) => n + p.applications.length, 0);
      attrs[name] = result.graph;
    }
    if (rules === 0) continue;
    applications.push({
      key: `${REGIONS_PASS.name}:${node.source.join(',')}`,
      rule: REGIONS_PASS.name,
      note: `${rules} rewritings in the regions of ${node.op} "${node.name}"`,
      sources: node.source,
      removed: [node.id],
      added: [node.id],
      delta: graph.recordDelta(() => graph.updateNode(node.id, { attrs })),
    });
  }
  return {
    pass: REGIONS_PASS.name,
    title: REGIONS_PASS.title,
    run: 1,
    applications,
    refusals: [],
    after: measureGraph(graph),
    milliseconds: performance.now() - started,
    disabled: false,
  };
}
