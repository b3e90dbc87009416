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
  /** Smallest and largest finite value, with 0 always between them: min <= 0 <= max. */
  readonly min: number;
  readonly max: number;
  readonly nan: number;
  readonly infinite: number;
}

const INFINITY_BITS = 0x7f800000;
const MAGNITUDE = 0x7fffffff;
const SIGN = MAGNITUDE + 1;
const word = new DataView(new ArrayBuffer(4));

function floatOf(bits: number): number {
  word.setInt32(0, bits);
  return word.getFloat32(0);
}

/** Counters that take turns: after a ReLU half of all values go to one bin, and each would wait for the one before. */
const LANES = 4;

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
  private readonly scratch = new Int32Array(BINS * LANES);
  private width = 0;
  private zeros = 0;
  private binned = 0;
  private low = 0;
  private high = 0;
  private nan = 0;
  private infinite = 0;

  static from(data: HistogramData): Histogram {
    const h = new Histogram();
    h.bins.set(data.bins);
    h.width = data.width;
    h.zeros = data.zeros;
    h.binned = data.count - data.zeros;
    h.low = data.min;
    h.high = data.max;
    h.nan = data.nan;
    h.infinite = data.infinite;
    return h;
  }

  /** NaN and infinite values seen so far. */
  get unusual(): number {
    return this.nan + this.infinite;
  }

  /** Adds every element. At most 2^31 elements a call. */
  add(values: Float32Array): void {
    const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
    // As integers, positive floats are ordered like their bits, negative ones against them; both beat a comparison of floats.
    let high = -1;
    let low = -1;
    let zeros = 0;
    for (let i = 0; i < bits.length; i++) {
      const b = bits[i]!;
      const flipped = b ^ SIGN;
      if (b > high) high = b;
      if (flipped > low) low = flipped;
      zeros += ((b & MAGNITUDE) - 1) >>> 31;
    }
    if (high >= INFINITY_BITS || low >= INFINITY_BITS) return this.add(this.finite(values));
    this.zeros += zeros;
    if (high >= 0) this.high = Math.max(this.high, floatOf(high));
    if (low > 0) this.low = Math.min(this.low, -floatOf(low));
    if (bits.length === zeros) return;
    this.binned += bits.length - zeros;
    this.cover(floatOf(Math.max(high, low)));
    this.count(values);
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
    return {
      width: this.width,
      bins: Array.from(this.bins.subarray(0, used)),
      zeros: this.zeros,
      count: this.binned + this.zeros,
      min: this.low,
      max: this.high,
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

  private count(values: Float32Array): void {
    const { bins } = this;
    const scratch = this.scratch;
    const scale = 1 / this.width;
    scratch.fill(0);
    for (let i = 0; i < values.length; i++) {
      scratch[(((Math.abs(values[i]!) * scale) | 0) << 2) + (i & 3)]!++;
    }
    for (let i = 0; i < BINS; i++) {
      const at = i * LANES;
      bins[i]! += scratch[at]! + scratch[at + 1]! + scratch[at + 2]! + scratch[at + 3]!;
    }
  }

  /** Counts what is not finite and returns the rest. */
  private finite(values: Float32Array): Float32Array {
    return values.filter((x) => {
      if (Number.isFinite(x)) return true;
      if (Number.isNaN(x)) this.nan++;
      else this.infinite++;
      return false;
    });
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
