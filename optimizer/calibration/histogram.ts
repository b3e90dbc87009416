/** Bins of every histogram of |x|. */
export const BINS = 2048;

/** What a histogram holds, as plain data: bin i counts the values with i·width <= |x| < (i + 1)·width, zeros apart. */
export interface HistogramData {
  /** A power of two; 0 while nothing but zeros was seen. */
  readonly width: number;
  /** Counts of the non-zero values, up to the last bin that is not empty. */
  readonly bins: readonly number[];
  /** Values that are exactly 0. */
  readonly zeros: number;
  /** Finite values, zeros included. */
  readonly count: number;
  /** Smallest and largest finite value; 0 and 0 while nothing was seen. */
  readonly min: number;
  readonly max: number;
  readonly nan: number;
  readonly infinite: number;
}

const INFINITY_BITS = 0x7f800000;

/**
 * A streaming histogram of |x| over float32 values: 2048 bins whose width is the smallest power of two that holds the
 * largest value seen. When a larger value comes, neighbouring bins are merged and the width doubles; as every width is a
 * power of two this is exact: the histogram is a function of the set of values alone. Order, grouping into calls, merging
 * two histograms and stopping and resuming in between never change it, and nothing is scanned twice.
 *
 * Exact zeros are counted apart: any scale represents them without error, so they say nothing about where to clip, and
 * after a ReLU they would outweigh everything else in the first bin. NaN and infinities are counted, never binned.
 */
export class Histogram {
  private readonly bins = new Float64Array(BINS);
  private readonly scratch = new Int32Array(BINS);
  private width = 0;
  private zeros = 0;
  private binned = 0;
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;
  private nan = 0;
  private infinite = 0;

  static from(data: HistogramData): Histogram {
    const h = new Histogram();
    h.bins.set(data.bins);
    h.width = data.width;
    h.zeros = data.zeros;
    h.binned = data.count - data.zeros;
    if (data.count > 0) {
      h.low = data.min;
      h.high = data.max;
    }
    h.nan = data.nan;
    h.infinite = data.infinite;
    return h;
  }

  /** Adds every element. At most 2^31 elements a call. */
  add(values: Float32Array): void {
    const n = values.length;
    if (n === 0) return;
    const bits = new Int32Array(values.buffer, values.byteOffset, n);
    let { low, high } = this;
    let zeros = 0;
    let odd = 0;
    for (let i = 0; i < n; i++) {
      const magnitude = bits[i]! & 0x7fffffff;
      zeros += (magnitude - 1) >>> 31;
      if (magnitude >= INFINITY_BITS) {
        odd++;
        if (magnitude === INFINITY_BITS) this.infinite++;
        else this.nan++;
        continue;
      }
      const x = values[i]!;
      if (x < low) low = x;
      if (x > high) high = x;
    }
    this.zeros += zeros;
    if (odd === n) return;
    // -0 and 0 are one value.
    this.low = low + 0;
    this.high = high + 0;
    this.binned += n - odd - zeros;
    const amax = Math.max(-low, high);
    if (amax === 0) return;
    this.cover(amax);
    this.count(values, bits, odd > 0);
    this.bins[0]! -= zeros;
  }

  /** Adds what another histogram saw. */
  merge(other: Histogram): void {
    this.zeros += other.zeros;
    this.binned += other.binned;
    this.nan += other.nan;
    this.infinite += other.infinite;
    this.low = Math.min(this.low, other.low);
    this.high = Math.max(this.high, other.high);
    if (other.width === 0) return;
    if (this.width === 0) this.width = other.width;
    while (this.width < other.width) this.double();
    const step = this.width / other.width;
    for (let i = 0; i < BINS; i++) this.bins[Math.floor(i / step)]! += other.bins[i]!;
  }

  snapshot(): HistogramData {
    let used = BINS;
    while (used > 0 && this.bins[used - 1] === 0) used--;
    const count = this.binned + this.zeros;
    return {
      width: this.width,
      bins: Array.from(this.bins.subarray(0, used)),
      zeros: this.zeros,
      count,
      min: count > 0 ? this.low : 0,
      max: count > 0 ? this.high : 0,
      nan: this.nan,
      infinite: this.infinite,
    };
  }

  /** Makes the range hold `amax`, which then lies in the upper half of the bins unless the range was wider before. */
  private cover(amax: number): void {
    if (this.width === 0) {
      this.width = 2 ** (Math.ceil(Math.log2(amax)) - 11);
      // The logarithm may be off by one at the ends.
      while (this.width * BINS <= amax) this.width *= 2;
      while ((this.width * BINS) / 2 > amax) this.width /= 2;
    }
    while (this.width * BINS <= amax) this.double();
  }

  private double(): void {
    const { bins } = this;
    for (let i = 0; i < BINS / 2; i++) bins[i] = bins[2 * i]! + bins[2 * i + 1]!;
    bins.fill(0, BINS / 2);
    this.width *= 2;
  }

  private count(values: Float32Array, bits: Int32Array, hasOdd: boolean): void {
    const { bins } = this;
    const scratch = this.scratch;
    const n = values.length;
    const scale = 1 / this.width;
    scratch.fill(0);
    if (hasOdd) {
      for (let i = 0; i < n; i++) {
        if ((bits[i]! & 0x7fffffff) < INFINITY_BITS) scratch[(Math.abs(values[i]!) * scale) | 0]!++;
      }
    } else {
      for (let i = 0; i < n; i++) scratch[(Math.abs(values[i]!) * scale) | 0]!++;
    }
    for (let i = 0; i < BINS; i++) bins[i]! += scratch[i]!;
  }
}

/** Largest |x| seen. */
export const largest = (h: HistogramData): number => Math.max(-h.min, h.max);

/** Values with |x| beyond `threshold`; the bin that holds the threshold is divided evenly. */
export function beyond(h: HistogramData, threshold: number): number {
  if (h.width === 0 || threshold >= largest(h)) return 0;
  const at = threshold / h.width;
  const whole = Math.floor(at);
  let n = (h.bins[whole] ?? 0) * (whole + 1 - at);
  for (let i = whole + 1; i < h.bins.length; i++) n += h.bins[i]!;
  return n;
}
