import { setImmediate } from 'node:timers/promises';
import { algorithmNamed } from '../../../../optimizer/calibration/algorithms/index.ts';
import type { HistogramData } from '../../../../optimizer/calibration/histogram.ts';
import { tensorNames } from '../../../../optimizer/calibration/names.ts';
import { tensorSqnr } from '../../../../optimizer/calibration/noise.ts';
import {
  entryOf,
  type RangeEntry,
  type RangeTable,
  withThreshold,
} from '../../../../optimizer/calibration/rangeTable.ts';
import type { Graph, SourceId } from '../../../../optimizer/ir/graph.ts';
import { HostError } from '../../../ipc/protocol.ts';
import type { TensorRange } from '../../../ipc/schemas/precision.ts';

/** Bars of a histogram in a list. */
const BARS = 64;

/** A histogram in equal bars from 0 to the end of its last bin that is not empty. */
export function barsOf(h: HistogramData | undefined, bars = BARS): { bins: Float64Array<ArrayBuffer>; top: number } {
  if (!h || h.bins.length === 0) return { bins: new Float64Array(), top: 0 };
  const bins = new Float64Array(Math.min(bars, h.bins.length));
  h.bins.forEach((n, i) => (bins[Math.floor((i * bins.length) / h.bins.length)]! += n));
  return { bins, top: h.bins.length * h.width };
}

/** Operators that make the value of each name. */
export function makersOf(graph: Graph): ReadonlyMap<string, readonly SourceId[]> {
  return new Map([...tensorNames(graph)].map(([id, name]) => [name, graph.producer(id)?.source ?? []]));
}

export function rangeView(e: RangeEntry, sources: readonly SourceId[], chosen: number | null): TensorRange {
  const { tensor, amax, clipped, min, max, count } = e;
  const sqnr = e.histogram ? tensorSqnr(e.histogram, amax) : null;
  const unusual = e.nan + e.infinite;
  return {
    tensor,
    sources: [...sources],
    amax,
    chosen,
    clipped,
    sqnr,
    min,
    max,
    count,
    unusual,
    ...barsOf(e.histogram),
  };
}

/** Another algorithm over the histograms of a table, letting events in between: it takes milliseconds a tensor. */
export async function withAlgorithm(table: RangeTable, name: string): Promise<RangeTable> {
  const algorithm = algorithmNamed(name);
  if (!algorithm) throw new HostError('no-algorithm', `There is no calibration algorithm called "${name}".`);
  const entries: RangeEntry[] = [];
  for (const e of table.entries) {
    entries.push(e.histogram ? entryOf(e.tensor, e.histogram, algorithm, true) : e);
    if (entries.length % 4 === 0) await setImmediate();
  }
  return { ...table, algorithm: name, entries };
}

/** A table with thresholds moved by hand. */
export function withThresholds(table: RangeTable, thresholds: Readonly<Record<string, number>>): RangeTable {
  const entries = table.entries.map((e) => {
    const amax = thresholds[e.tensor];
    return amax === undefined ? e : withThreshold(e, amax);
  });
  return { ...table, entries };
}
