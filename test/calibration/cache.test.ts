import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { entropy } from '../../optimizer/calibration/algorithms/entropy.ts';
import { minMax } from '../../optimizer/calibration/algorithms/minMax.ts';
import { readCalibrationFile, readRanges, writeCalibrationFile } from '../../optimizer/calibration/cache/file.ts';
import { readTensorRtCache, writeTensorRtCache } from '../../optimizer/calibration/cache/tensorRt.ts';
import { Histogram } from '../../optimizer/calibration/histogram.ts';
import { tensorNames } from '../../optimizer/calibration/names.ts';
import {
  entryOf,
  Ranges,
  type RangeTable,
  recalibrate,
  withThreshold,
} from '../../optimizer/calibration/rangeTable.ts';
import { Build } from '../support/build.ts';
import { seeded } from '../support/tensor.ts';

const dir = mkdtempSync(join(tmpdir(), 'sinter-cache-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const HASH = 'ab'.repeat(32);

function tableOf(names: string[], algorithm = entropy): RangeTable {
  const entries = names.map((name, i) => {
    const h = new Histogram();
    const next = seeded(i + 1);
    h.add(Float32Array.from({ length: 3000 }, () => next() ** 3 * 10 ** (i - 2)));
    return entryOf(name, h.snapshot(), algorithm, true);
  });
  return { algorithm: algorithm.name, samples: 3, modelHash: HASH, entries };
}

/** An independent reader of the format, written from its description alone: bytes, not our functions. */
function independentReader(text: string): { header: string; amax: Map<string, number> } {
  const [header, ...lines] = text.trimEnd().split('\n');
  const amax = new Map<string, number>();
  for (const line of lines) {
    const parts = line.split(':');
    const bytes = Buffer.from(parts.pop()!.trim(), 'hex');
    expect(bytes).toHaveLength(4);
    amax.set(parts.join(':'), bytes.readFloatBE(0) * 127);
  }
  return { header: header!, amax };
}

describe("TensorRT's calibration cache", () => {
  it('holds scales that an independent reader finds', () => {
    const table = tableOf(['data', '(Unnamed Layer* 3) [Convolution]_output', 'scope/a:0', 'x:y:z', 'ø']);
    const read = independentReader(writeTensorRtCache(table));
    expect(read.header).toBe('TRT-8601-EntropyCalibration2');
    expect([...read.amax.keys()]).toEqual(table.entries.map((e) => e.tensor));
    for (const e of table.entries) expect(read.amax.get(e.tensor)! / e.amax).toBeCloseTo(1, 6);
  });

  it('writes the bits that the format documents', () => {
    // 1.5 · 2^-7: sign 0, exponent 120, fraction 100…0.
    const amax = 0.01171875 * 127;
    const entry = { ...tableOf(['tensor']).entries[0]!, amax };
    const text = writeTensorRtCache({ ...tableOf([]), entries: [entry] });
    expect(text).toBe('TRT-8601-EntropyCalibration2\ntensor: 3c400000\n');
    const scales = readTensorRtCache('TRT-7103-MinMaxCalibration\r\ntensor: 3c010a14\r\n', 'x');
    expect(scales.entries[0]!.amax / 127).toBeCloseTo(0.0078759, 6);
    expect(writeTensorRtCache(scales)).toBe('TRT-8601-MinMaxCalibration\ntensor: 3c010a14\n');
  });

  it('reads what it writes, scales bit for bit', () => {
    const table = tableOf(['a', 'b: c', 'd:']);
    const back = readTensorRtCache(writeTensorRtCache(table), 'x');
    const [was, is] = [new Ranges(table), new Ranges(back)];
    for (const e of table.entries) expect(is.scale(e.tensor)).toBe(was.scale(e.tensor));
    expect(is.scale('nothing')).toBeUndefined();
    expect(writeTensorRtCache(tableOf(['a'], minMax))).toMatch(/^TRT-8601-MinMaxCalibration\n/);
  });

  it.each([
    ['not a cache', 'a: 3c010a14\n', /first line/],
    ['no colon', 'TRT-8601-X\nabc\n', /line 2/],
    ['short', 'TRT-8601-X\na: 3c010a14\nb: 3c01\n', /line 3/],
    ['NaN', 'TRT-8601-X\na: 7fc00000\n', /line 2/],
    ['negative', 'TRT-8601-X\na: bf800000\n', /line 2/],
  ])('refuses: %s', (_, text, why) => {
    expect(() => readTensorRtCache(text, 'c.cache')).toThrow(why);
  });
});

describe('calibration file', () => {
  const path = join(dir, 'model.calib');
  const run = { source: 'images', next: 3, total: 10, seen: 3 };
  const model = { name: 'net', hash: HASH };

  it('keeps ranges, histograms and the state of the run, and leaves no other file', () => {
    const table = tableOf(['a', 'b"\\c']);
    writeCalibrationFile(path, { model, run, table });
    expect(readCalibrationFile(path)).toEqual({ model, run, table });
    expect(readRanges(path, HASH)).toEqual(table);
    expect(readdirSync(dir)).toEqual(['model.calib']);
  });

  it('gives the ranges of another algorithm without data', () => {
    const { table } = readCalibrationFile(path);
    expect(recalibrate(table, minMax).entries).toEqual(tableOf(['a', 'b"\\c'], minMax).entries);
    const e = table.entries[0]!;
    const moved = withThreshold(e, e.amax / 2);
    expect(moved.clipped).toBeGreaterThan(e.clipped);
    expect(moved.clipped).toBeLessThan(1);
  });

  it('refuses a cache of another model, damage, and formats to come', () => {
    expect(() => readRanges(path, 'cd'.repeat(32))).toThrow(/another model \("net"/);
    const text = readFileSync(path, 'utf8');
    const refused = (content: string, why: RegExp): void => {
      const at = join(dir, 'bad.calib');
      writeFileSync(at, content);
      expect(() => readRanges(at, HASH)).toThrow(why);
      rmSync(at);
    };
    refused(text.slice(0, text.length / 2), /cut short/);
    refused(text.replace('"version":1', '"version":9'), /format 9/);
    refused(text.replace('"zeros":0', '"zeros":-1'), /damaged.*zeros/);
    refused('{}', /not a calibration cache/);
  });

  it('reads TensorRT caches of any model', () => {
    const at = join(dir, 'trt.cache');
    writeFileSync(at, writeTensorRtCache(tableOf(['a'])));
    expect(readRanges(at, HASH).entries.map((e) => e.tensor)).toEqual(['a']);
    rmSync(at);
  });
});

describe('tensorNames', () => {
  it('names unnamed and repeated values by their source operator', () => {
    const b = new Build();
    const x = b.input('x', [1, 4]);
    const y = b.relu(x);
    const z = b.relu(y);
    const w = b.relu(z);
    b.graph.updateValue(y, { name: '' });
    b.graph.updateValue(z, { name: 'x' });
    const names = tensorNames(b.output(w, 'out').done());
    expect([x, y, z, w].map((v) => names.get(v))).toEqual(['x', '0#0', '1#0', 'out']);
  });
});
