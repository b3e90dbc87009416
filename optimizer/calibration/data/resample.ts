/*
 * Bilinear scaling with antialiasing (a triangle filter as wide as the reduction), separable, 8 bits in and out, in fixed
 * point: horizontally first, rounded to bytes, then vertically. These are the numbers of Pillow's Image.resize(BILINEAR),
 * which models are trained with, bit for bit and on every machine; other libraries differ by up to several levels.
 */

export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: Uint8Array;
}

/** The part of the scaled image that is wanted. */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const BITS = 22;
const HALF = 2 ** (BITS - 1);
const ONE = 2 ** BITS;

interface Taps {
  /** First source index and number of weights, per output. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `most` weights per output, integers of BITS fractional bits. */
  readonly weights: Int32Array;
  readonly most: number;
}

function tapsOf(from: number, to: number, start: number, length: number): Taps {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * most);
  for (let o = 0; o < length; o++) {
    const center = (start + o + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - support + 0.5));
    const high = Math.min(from, Math.trunc(center + support + 0.5));
    const w = Array.from({ length: high - low }, (_, i) =>
      Math.max(0, 1 - Math.abs((low + i - center + 0.5) / support)),
    );
    const sum = w.reduce((a, b) => a + b, 0);
    first[o] = low;
    count[o] = high - low;
    w.forEach((x, i) => {
      weights[o * most + i] = Math.trunc(0.5 + (x / sum) * ONE);
    });
  }
  return { first, count, weights, most };
}

/** Scales along one axis: `lines` runs of `from` elements `step` apart become runs of `taps.first.length`. */
function along(
  source: Uint8Array,
  taps: Taps,
  lines: { readonly count: number; readonly from: number; readonly to: number },
  step: { readonly inner: number; readonly size: number },
): Uint8Array {
  const length = taps.first.length;
  const out = new Uint8Array(lines.count * lines.to);
  for (let line = 0; line < lines.count; line++) {
    for (let o = 0; o < length; o++) {
      const n = taps.count[o]!;
      const base = line * lines.from + taps.first[o]! * step.size;
      const w = o * taps.most;
      const to = line * lines.to + o * step.size;
      for (let c = 0; c < step.inner; c++) {
        let sum = HALF;
        for (let k = 0; k < n; k++) sum += source[base + k * step.size + c]! * taps.weights[w + k]!;
        out[to + c] = Math.min(255, Math.floor(sum / ONE));
      }
    }
  }
  return out;
}

/** The `region` of the image scaled to width × height. */
export function resample(image: Pixels, width: number, height: number, region: Region): Pixels {
  const { channels } = image;
  let { pixels } = image;
  if (width !== image.width || region.width !== width) {
    const taps = tapsOf(image.width, width, region.left, region.width);
    const lines = { count: image.height, from: image.width * channels, to: region.width * channels };
    pixels = along(pixels, taps, lines, { inner: channels, size: channels });
  }
  if (height !== image.height || region.height !== height) {
    const row = region.width * channels;
    const taps = tapsOf(image.height, height, region.top, region.height);
    // One "line" whose elements are whole rows.
    pixels = along(pixels, taps, { count: 1, from: 0, to: region.height * row }, { inner: row, size: row });
  }
  return { width: region.width, height: region.height, channels, pixels };
}
