import type { HistogramData } from '../histogram.ts';

/** A rule that chooses the range [-amax, amax] that INT8 is to represent, from a histogram of |x|. */
export interface RangeAlgorithm {
  /** What the command line and cache files call it: "entropy", "minmax", "percentile:99.99", "mse". */
  readonly name: string;
  readonly title: string;
  /** One sentence for the studio: when to choose it. */
  readonly doc: string;
  /** At most the largest |x| seen; 0 when nothing but zeros was seen (such a tensor has no scale). */
  amax(h: HistogramData): number;
}
