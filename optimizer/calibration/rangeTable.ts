import type { RangeAlgorithm } from './algorithms/algorithm.ts';
import { beyond, type HistogramData } from './histogram.ts';
import { scaleOf } from './quantize.ts';

/** The range of one FP32 value. */
export interface RangeEntry {
  /** The value's name: `tensorNames` (names.ts) of the optimized graph, which keeps the model's own names. */
  readonly tensor: string;
  /** INT8 represents [-amax, amax]; 0 = nothing but zeros (or NaN) was seen, the value has no scale. */
  readonly amax: number;
  /** Finite values seen; 0 in a table that was read from a TensorRT cache. */
  readonly count: number;
  /** Share of them beyond amax, 0…1. */
  readonly clipped: number;
  /** Smallest and largest finite value, with 0 always between them. */
  readonly min: number;
  readonly max: number;
  /** NaN and infinite values seen; they are not part of the range. */
  readonly nan: number;
  readonly infinite: number;
  readonly histogram?: HistogramData;
}

/**
 * What calibration permits: values with an entry may be stored as INT8 with `scale`, others stay in floating point.
 *
 * An entry belongs to the FP32 value of that name wherever the value still exists. Passes carry it by keeping the name
 * of a value whose numbers they do not change (fusions keep the name of what comes out of them; BatchNormalization folded
 * into a convolution leaves the normalized value's name). They drop it by removing the value: inside a fused node nothing
 * has a range, nor needs one. Values that a pass invents have their own name and are calibrated like any other; a table
 * that was made with other passes lacks them, and they stay in floating point.
 */
export interface RangeTable {
  /** Name of the algorithm, or "TRT-8601-EntropyCalibration2" and the like for an imported cache. */
  readonly algorithm: string;
  readonly samples: number;
  /** sha256 of the model file; '' when unknown (TensorRT's caches do not say). */
  readonly modelHash: string;
  readonly entries: readonly RangeEntry[];
}

/** A range table by tensor name. */
export class Ranges {
  readonly table: RangeTable;
  private readonly byName: ReadonlyMap<string, RangeEntry>;

  constructor(table: RangeTable) {
    this.table = table;
    this.byName = new Map(table.entries.map((e) => [e.tensor, e]));
  }
  entry(tensor: string): RangeEntry | undefined {
    return this.byName.get(tensor);
  }
  /** float32 scale, amax / 127; undefined where the value must stay in floating point. */
  scale(tensor: string): number | undefined {
    const amax = this.byName.get(tensor)?.amax ?? 0;
    const scale = scaleOf(amax);
    return scale > 0 && Number.isFinite(scale) ? scale : undefined;
  }
}

/** The entry that an algorithm makes of a histogram. */
export function entryOf(
  tensor: string,
  h: HistogramData,
  algorithm: RangeAlgorithm,
  keepHistogram: boolean,
): RangeEntry {
  return withThreshold(
    { tensor, amax: 0, clipped: 0, ...summaryOf(h), histogram: h },
    algorithm.amax(h),
    keepHistogram,
  );
}

/** The same entry with another threshold, as a person moved it; needs the histogram for the clipped share. */
export function withThreshold(entry: RangeEntry, amax: number, keepHistogram = true): RangeEntry {
  const { histogram, ...rest } = entry;
  const clipped = histogram && histogram.count > 0 ? beyond(histogram, amax) / histogram.count : 0;
  return { ...rest, amax, clipped, ...(histogram && keepHistogram ? { histogram } : {}) };
}

/** Another algorithm over the histograms that a table kept; entries without one stay as they are. */
export function recalibrate(table: RangeTable, algorithm: RangeAlgorithm): RangeTable {
  const entries = table.entries.map((e) => (e.histogram ? entryOf(e.tensor, e.histogram, algorithm, true) : e));
  return { ...table, algorithm: algorithm.name, entries };
}

const summaryOf = (h: HistogramData) => ({
  count: h.count,
  min: h.min,
  max: h.max,
  nan: h.nan,
  infinite: h.infinite,
});
