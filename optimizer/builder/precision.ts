import { tensorNames } from '../calibration/names.ts';
import type { Ranges } from '../calibration/rangeTable.ts';
import type { Graph, SourceId } from '../ir/graph.ts';
import { BuildError, type PlanLayer } from './plan.ts';
import type { PrecisionPolicy } from './planSearch/storages.ts';

/** Operators (by source id or by name in the model) that must stay in FP32. */
export interface Pins {
  readonly fp32: readonly string[];
}

/**
 * INT8 wherever calibration has a range and nothing is pinned. Throws BuildError when a pin names no operator of the
 * model: a typing mistake would otherwise go unnoticed.
 */
export function precisionPolicy(graph: Graph, ranges: Ranges, pins: Pins = { fp32: [] }): PrecisionPolicy {
  const names = tensorNames(graph);
  const pinned = new Set<SourceId>();
  for (const pin of pins.fp32) {
    const hits = [...graph.sources.values()].filter((s) => s.id === pin || s.name === pin);
    if (hits.length === 0) throw new BuildError(`no operator of the model is called "${pin}"`);
    for (const s of hits) pinned.add(s.id);
  }
  return {
    amax: (value) => {
      const name = value.ir === undefined ? undefined : names.get(value.ir);
      const entry = name === undefined ? undefined : ranges.entry(name);
      return entry && entry.amax > 0 ? entry.amax : undefined;
    },
    storages: (layer: PlanLayer) => (layer.sources.some((s) => pinned.has(s)) ? [''] : ['', 'int8']),
  };
}
