import type { Graph } from '../ir/graph.ts';
import { verify } from '../ir/verifier.ts';
import { canonical } from './canonical.ts';
import { cleanUp } from './clean-up.ts';
import { concatElimination } from './concat-elimination.ts';
import { gatherFusion } from './gather-fusion.ts';
import { horizontalFusion } from './horizontal-fusion.ts';
import { Occurrences } from './key.ts';
import { measureGraph } from './measure.ts';
import { normalizationFusion } from './normalization-fusion.ts';
import type { Evaluator, Optimized, OptimizeOptions, Pass, TracedPass } from './pass.ts';
import { pointwiseFusion } from './pointwise-fusion.ts';
import { quantizeConstants } from './quantize-constants.ts';
import { quantizeFusion } from './quantize-fusion.ts';
import { quantizePropagation } from './quantize-propagation.ts';
import { optimizeRegions } from './regions.ts';
import { runPass } from './rewriter.ts';
import { scaleFusion } from './scale-fusion.ts';
import { shuffleFusion } from './shuffle-fusion.ts';
import { verticalFusion } from './vertical-fusion.ts';

/** Every pass, in the order it runs. Each runs to its fixed point; clean-up comes again after those that leave scraps. */
export const pipeline: readonly Pass[] = [
  cleanUp,
  canonical,
  cleanUp,
  shuffleFusion,
  scaleFusion,
  cleanUp,
  quantizePropagation,
  quantizeConstants,
  verticalFusion,
  pointwiseFusion,
  quantizeFusion,
  gatherFusion,
  horizontalFusion,
  normalizationFusion,
  concatElimination,
];

/**
 * Optimizes a copy of the graph; the given one stays as it is (`Optimized.initial`). Model inputs and outputs keep their
 * names and order. Throws the signal's reason when stopped.
 */
export function optimize(initial: Graph, evaluator: Evaluator, options: OptimizeOptions = {}): Optimized {
  const graph = initial.clone();
  const occurrences = new Occurrences();
  const met = new Set<string>();
  const disabled = options.disabledApplications ?? new Set<string>();
  const runs = new Map<string, number>();
  const passes: TracedPass[] = [];
  const before = measureGraph(graph);
  pipeline.forEach((pass, i) => {
    options.stop?.throwIfAborted();
    options.onProgress?.(i, pipeline.length, pass.title);
    const run = (runs.get(pass.name) ?? 0) + 1;
    runs.set(pass.name, run);
    const off = options.disabledPasses?.has(pass.name) ?? false;
    const started = performance.now();
    const result = off
      ? { applications: [], refusals: [] }
      : runPass(graph, pass, { evaluator, occurrences, disabled, met, stop: options.stop });
    const changed = result.applications.length > 0;
    if (changed) check(graph, pass);
    const after = changed ? measureGraph(graph) : (passes.at(-1)?.after ?? before);
    const milliseconds = performance.now() - started;
    passes.push({ pass: pass.name, title: pass.title, run, ...result, after, milliseconds, disabled: off });
  });
  const regions = optimizeRegions(graph, evaluator, options, optimize);
  if (regions) passes.push(regions);
  options.onProgress?.(pipeline.length, pipeline.length, '');
  const stale = [...disabled].filter((key) => !met.has(key)).sort();
  return { initial, graph, trace: { before, passes, stale } };
}

/** A pass that leaves an unsound graph is a bug of the pass: better to stop here than to build something wrong. */
function check(graph: Graph, pass: Pass): void {
  const problems = verify(graph);
  if (problems.length > 0) throw new Error(`pass "${pass.name}" left an unsound graph: ${problems[0]!.message}`);
}
