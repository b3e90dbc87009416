import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { BINS, type HistogramData } from '../histogram.ts';
import type { RangeTable } from '../rangeTable.ts';
import { CalibrationFileError } from './error.ts';
import { isTensorRtCache, readTensorRtCache } from './tensorRt.ts';

/*
 * Our calibration cache: JSON, one object, versioned. It keeps the histograms, so that another algorithm or another
 * threshold needs no data, and where the run stands, so that the same file is the checkpoint of a run that is not
 * finished.
 */

const FORMAT = 'sinter-calibration';
const VERSION = 1;

const count = z.number().int().nonnegative();
const histogram = z.object({
  width: z.number().nonnegative(),
  bins: z.array(count).max(BINS),
  zeros: count,
  count,
  min: z.number(),
  max: z.number(),
  nan: count,
  infinite: count,
});
const file = z.object({
  format: z.literal(FORMAT),
  version: z.number().int(),
  model: z.object({ name: z.string(), hash: z.string() }),
  algorithm: z.string(),
  /** Where the run stands: `next` of `total` samples of a source, which `source` identifies. */
  run: z.object({ source: z.string(), next: count, total: count, seen: count }),
  tensors: z.array(z.object({ tensor: z.string(), amax: z.number().nonnegative(), clipped: z.number(), histogram })),
});

/** How far a calibration run got. */
export interface RunState {
  /** Fingerprint of the data source and its settings: a run resumes only over the same samples. */
  readonly source: string;
  /** Index of the next sample to read, and how many there are. */
  readonly next: number;
  readonly total: number;
  /** Samples that were good and observed. */
  readonly seen: number;
}

export interface CalibrationFile {
  readonly model: { readonly name: string; readonly hash: string };
  readonly run: RunState;
  readonly table: RangeTable;
}

/** Writes beside the goal, then renames: a crash leaves the old file or the new one, never half of one. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, 'w');
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Writes a cache or checkpoint; every entry must have its histogram. */
export function writeCalibrationFile(path: string, content: CalibrationFile): void {
  const { model, run, table } = content;
  const tensors = table.entries.map((e) => {
    if (!e.histogram)
      throw new CalibrationFileError(`"${e.tensor}" has no histogram, so it can only be written as a TensorRT cache`);
    return { tensor: e.tensor, amax: e.amax, clipped: e.clipped, histogram: e.histogram };
  });
  // A line per tensor: files can be compared and read without tools.
  const head = JSON.stringify({ format: FORMAT, version: VERSION, model, algorithm: table.algorithm, run });
  const body = tensors.map((t) => JSON.stringify(t)).join(',\n');
  replaceFile(path, `${head.slice(0, -1)},"tensors":[\n${body}\n]}\n`);
}

/** Reads a cache or checkpoint. Throws CalibrationFileError. */
export function readCalibrationFile(path: string): CalibrationFile {
  const name = basename(path);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CalibrationFileError(`${name} is not a calibration cache, or is cut short; calibrate again`);
  }
  const version = z.object({ format: z.literal(FORMAT), version: z.number() }).safeParse(json);
  if (!version.success) throw new CalibrationFileError(`${name} is not a calibration cache of Sinter Studio`);
  if (version.data.version !== VERSION)
    throw new CalibrationFileError(
      `${name} is a calibration cache of format ${version.data.version}, this program reads format ${VERSION}; calibrate again`,
    );
  const parsed = file.safeParse(json);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new CalibrationFileError(`${name} is a damaged calibration cache (at ${where}); calibrate again`);
  }
  const { model, run, algorithm, tensors } = parsed.data;
  const entries = tensors.map(({ tensor, amax, clipped, histogram: h }) => {
    const data: HistogramData = h;
    const { min, max, nan, infinite } = data;
    return { tensor, amax, clipped, count: data.count, min, max, nan, infinite, histogram: data };
  });
  return { model, run, table: { algorithm, samples: run.seen, modelHash: model.hash, entries } };
}

/** Ranges from either kind of cache. A cache of another model is refused; TensorRT's do not say which one they are of. */
export function readRanges(path: string, modelHash: string): RangeTable {
  const text = readFileSync(path, 'utf8');
  if (isTensorRtCache(text)) return readTensorRtCache(text, basename(path));
  const { table, model } = readCalibrationFile(path);
  checkModel(path, model, modelHash);
  return table;
}

export function checkModel(path: string, model: { name: string; hash: string }, modelHash: string): void {
  if (model.hash !== modelHash)
    throw new CalibrationFileError(
      `${basename(path)} was made with another model ("${model.name}", ${model.hash.slice(0, 12) || 'unknown'}) than this one (${modelHash.slice(0, 12)}); calibrate this model`,
    );
}
