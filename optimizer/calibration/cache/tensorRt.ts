import { INT8_MAX, scaleOf } from '../quantize.ts';
import type { RangeEntry, RangeTable } from '../rangeTable.ts';
import { CalibrationFileError } from './error.ts';

/*
 * TensorRT's calibration cache: a header line "TRT-8601-EntropyCalibration2", then a line per tensor, "name: 3c010a14",
 * the big-endian hexadecimal bits of the float32 scale amax / 127. Names may hold colons: the last one separates.
 */

const VERSION = '8601';
const bits = new DataView(new ArrayBuffer(4));

function hexOf(scale: number): string {
  bits.setFloat32(0, scale);
  return bits.getUint32(0).toString(16).padStart(8, '0');
}

function scaleFrom(hex: string): number {
  bits.setUint32(0, Number.parseInt(hex, 16));
  return bits.getFloat32(0);
}

/** What TensorRT calls a calibrator of this kind; it only reads a cache whose header names its own. */
function calibratorOf(algorithm: string): string {
  if (algorithm.startsWith('TRT-')) return algorithm.slice(algorithm.indexOf('-', 4) + 1);
  if (algorithm === 'minmax') return 'MinMaxCalibration';
  return algorithm.startsWith('percentile') ? 'LegacyCalibration' : 'EntropyCalibration2';
}

/** Text of a cache. Tensors without a scale, which TensorRT cannot express, are left out. */
export function writeTensorRtCache(table: RangeTable): string {
  const lines = [`TRT-${VERSION}-${calibratorOf(table.algorithm)}`];
  for (const e of table.entries) {
    if (/[\r\n]/.test(e.tensor))
      throw new CalibrationFileError(
        `tensor ${JSON.stringify(e.tensor)} has a line break in its name, which a TensorRT cache cannot hold; rename it in the model`,
      );
    const scale = scaleOf(e.amax);
    if (scale > 0) lines.push(`${e.tensor}: ${hexOf(scale)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Reads a cache; `name` is what messages call it. The result knows neither the model nor the number of samples. */
export function readTensorRtCache(text: string, name: string): RangeTable {
  const lines = text.split(/\r?\n/);
  const header = lines[0]?.trim() ?? '';
  if (!header.startsWith('TRT-'))
    throw new CalibrationFileError(
      `${name} is not a TensorRT calibration cache: its first line is not "TRT-…-EntropyCalibration2" or the like`,
    );
  const entries = new Map<string, RangeEntry>();
  lines.forEach((line, i) => {
    if (i === 0 || line.trim() === '') return;
    const at = line.lastIndexOf(':');
    const tensor = line.slice(0, at);
    const hex = line.slice(at + 1).trim();
    const scale = at > 0 && /^[0-9a-fA-F]{8}$/.test(hex) ? scaleFrom(hex) : Number.NaN;
    if (!(scale >= 0 && scale < Number.POSITIVE_INFINITY))
      throw new CalibrationFileError(`${name}, line ${i + 1}: "NAME: 8 hexadecimal digits of a scale" is expected`);
    const amax = scale * INT8_MAX;
    entries.set(tensor, { tensor, amax, count: 0, clipped: 0, min: -amax, max: amax, nan: 0, infinite: 0 });
  });
  return { algorithm: header, samples: 0, modelHash: '', entries: [...entries.values()] };
}

export const isTensorRtCache = (text: string): boolean => text.startsWith('TRT-');
