import type { DataType } from '../../../optimizer/ir/dtype.ts';
import { toNumbers } from '../../../optimizer/ir/tensor.ts';
import type { WeightStats } from '../../ipc/schemas/graph.ts';

const BINS = 64;
const STEP = 1 << 16;

/** Moments and histogram of a dense tensor, read block by block so that no second copy of it is made. */
export function weightStats(dtype: DataType, bytes: Uint8Array, bitsPerElement: number): WeightStats {
  const width = bitsPerElement / 8;
  const count = Math.floor(bytes.length / width);
  const each = (visit: (x: number) => void): void => {
    for (let i = 0; i < count; i += STEP) {
      const n = Math.min(STEP, count - i);
      for (const x of toNumbers({ dtype, shape: [n], bytes: bytes.subarray(i * width, (i + n) * width) })) visit(x);
    }
  };
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let squares = 0;
  let zeros = 0;
  each((x) => {
    if (x < min) min = x;
    if (x > max) max = x;
    sum += x;
    squares += x * x;
    if (x === 0) zeros++;
  });
  const histogram = new Float64Array(BINS);
  const span = max - min;
  each((x) => {
    const bin = span > 0 ? Math.min(BINS - 1, Math.floor(((x - min) / span) * BINS)) : 0;
    histogram[bin] = histogram[bin]! + 1;
  });
  const mean = count === 0 ? 0 : sum / count;
  const variance = count === 0 ? 0 : Math.max(0, squares / count - mean * mean);
  return {
    count,
    min: count === 0 ? 0 : min,
    max: count === 0 ? 0 : max,
    mean,
    deviation: Math.sqrt(variance),
    zeros,
    histogram,
  };
}
