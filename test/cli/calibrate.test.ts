import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { ortSession, runOrt } from '../bench/ort.ts';
import { seeded } from '../support/tensor.ts';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/sinter.mjs');
const MODEL = join(ROOT, 'assets/models/tiny-resnet.onnx');
const dir = mkdtempSync(join(tmpdir(), 'sinter-cli-calibrate-'));
const at = (name: string): string => join(dir, name);
const COUNT = 24;

function sinter(...args: string[]): { code: number | null; out: string; err: string } {
  const r = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', cwd: dir });
  return { code: r.status, out: r.stdout, err: r.stderr };
}

const sample = (i: number) => {
  const next = seeded(i + 1);
  const data = Float32Array.from({ length: 3 * 64 * 64 }, () => next() * 2);
  return { dtype: 'float32', shape: [1, 3, 64, 64], bytes: new Uint8Array(data.buffer) } as const;
};

/** What ONNX Runtime ranks first for each sample. */
const best: number[] = [];

beforeAll(async () => {
  const session = await ortSession(MODEL, 1);
  const all = Buffer.concat(Array.from({ length: COUNT }, (_, i) => sample(i).bytes));
  writeNpy(at('data.npy'), { dtype: 'float32', shape: [COUNT, 3, 64, 64], bytes: all });
  for (let i = 0; i < COUNT; i++) {
    const { prob } = await runOrt(session, { data: sample(i) });
    const scores = [...new Float32Array(prob!.bytes.buffer, prob!.bytes.byteOffset, 10)];
    best.push(scores.indexOf(Math.max(...scores)));
  }
  mkdirSync(at('photos/a'), { recursive: true });
  mkdirSync(at('photos/b'));
  mkdirSync(at('empty'));
  const pixels = Buffer.from(Array.from({ length: 90 * 70 * 3 }, (_, i) => (i * 37) % 256));
  const image = sharp(pixels, { raw: { width: 90, height: 70, channels: 3 } });
  for (const to of ['photos/a/1.jpg', 'photos/b/2.jpg']) await image.clone().jpeg().toFile(at(to));
  writeFileSync(at('photos/b/broken.jpg'), 'no image');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const calibrate = (...args: string[]) => sinter('calibrate', MODEL, '--data', 'data.npy', ...args);
const tensorsOf = (file: string) => JSON.parse(readFileSync(at(file), 'utf8')).tensors;

describe('sinter calibrate', () => {
  it('writes a cache that an INT8 build accepts, and a TensorRT cache', () => {
    const r = calibrate('-o', 'a.calib', '--tensorrt-cache', 'a.trt', '--samples', '6');
    expect(r.err).toBe('');
    expect(r.code).toBe(0);
    expect(r.out).toMatch(/6 samples \(6 of 24 samples in data\.npy\), Entropy.*a\.calib/);
    expect(readFileSync(at('a.trt'), 'utf8')).toMatch(/^TRT-8601-EntropyCalibration2\ndata: [0-9a-f]{8}\n/);
    for (const cache of ['a.calib', 'a.trt']) {
      const built = sinter('build', MODEL, '--precision', 'int8', '--calibration', cache, '-o', 'a.sinter');
      expect(built.err).toBe('');
      expect(built.code).toBe(0);
    }
    const other = join(ROOT, 'assets/models/tiny-googlenet.onnx');
    const wrong = sinter('build', other, '--precision', 'int8', '--calibration', 'a.calib', '-o', 'b.sinter');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('another model');
  });

  it('optimize --qdq writes the model quantized with its ranges, and says what is missing', async () => {
    expect(calibrate('-o', 'q.calib', '--samples', '4').code).toBe(0);
    const qdq = (...args: string[]) => sinter('optimize', MODEL, '--qdq', ...args);
    for (const type of ['int8', 'uint8']) {
      const r = qdq('--calibration', 'q.calib', '--activation-type', type, '-o', `q-${type}.onnx`);
      expect(r.err).toBe('');
      expect(r.code).toBe(0);
      const input = sample(1);
      const session = await ortSession(at(`q-${type}.onnx`), 1);
      const { prob } = await runOrt(session, { data: input });
      await session.release();
      const scores = [...new Float32Array(prob!.bytes.buffer, prob!.bytes.byteOffset, 10)];
      expect(scores.indexOf(Math.max(...scores))).toBe(best[1]);
      const inspected = sinter('inspect', `q-${type}.onnx`);
      expect(inspected.out).toContain('QuantizeLinear');
    }
    expect(qdq('-o', 'n.onnx').err).toContain('--qdq needs --calibration FILE');
    expect(qdq('--calibration', 'q.calib').err).toContain('give -o FILE');
    const type = qdq('--calibration', 'q.calib', '-o', 'n.onnx', '--activation-type', 'int4');
    expect(type.err).toContain('give int8 or uint8');
    const pin = qdq('--calibration', 'q.calib', '-o', 'n.onnx', '--pin', 'nothing=fp32');
    expect(pin.err).toContain('no operator of the model is called "nothing"');
  });

  it('clips as the algorithm says', () => {
    const clipped = (...args: string[]): { amax: number; clipped: number; scale: number }[] => {
      const r = calibrate('-o', 'c.calib', '--samples', '3', '--json', ...args);
      expect(r.err).toBe('');
      return JSON.parse(r.out).tensors;
    };
    const all = clipped('--algorithm', 'minmax');
    const some = clipped('--algorithm', 'percentile', '--percentile', '99');
    expect(all.every((t) => t.clipped === 0)).toBe(true);
    some.forEach((t, i) => {
      expect(t.amax).toBeLessThanOrEqual(all[i]!.amax);
      expect(t.clipped).toBeLessThanOrEqual(0.0101);
      expect(t.scale).toBe(Math.fround(t.amax / 127));
    });
    expect(some.some((t) => t.clipped > 0.005)).toBe(true);
  });

  it('finds the same ranges after kill -9 and --resume', async () => {
    const args = ['calibrate', MODEL, '--data', 'data.npy', '--checkpoint', '0', '-o', 'killed.calib'];
    const child = spawn(process.execPath, [BIN, ...args], { cwd: dir, stdio: 'ignore' });
    const gone = new Promise((resolve) => child.on('close', resolve));
    while (!existsSync(at('killed.calib')) && child.exitCode === null) await sleep(2);
    child.kill('SIGKILL');
    await gone;
    expect(child.signalCode).toBe('SIGKILL');
    expect(JSON.parse(readFileSync(at('killed.calib'), 'utf8')).run.next).toBeLessThan(COUNT);
    expect(sinter(...args, '--resume').code).toBe(0);
    expect(calibrate('-o', 'whole.calib').code).toBe(0);
    expect(tensorsOf('killed.calib')).toEqual(tensorsOf('whole.calib'));
  });

  it('says after Ctrl+C how to go on', async () => {
    const args = ['calibrate', MODEL, '--data', 'data.npy', '--checkpoint', '0', '-o', 'stopped.calib'];
    const child = spawn(process.execPath, [BIN, ...args], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.on('data', (d) => (err += d));
    const gone = new Promise((resolve) => child.on('close', resolve));
    while (!existsSync(at('stopped.calib')) && child.exitCode === null) await sleep(2);
    child.kill('SIGINT');
    await gone;
    expect(child.exitCode).toBe(130);
    expect(err).toMatch(/^sinter: cancelled after \d+ of 24 samples; .*--resume goes on from stopped\.calib/);
  });

  it('reads images, names what is wrong with one, and keeps the others', () => {
    const r = sinter('calibrate', MODEL, '--data', 'photos', '--resize', 'crop', '-o', 'p.calib', '--json');
    expect(r.code).toBe(0);
    expect(r.err).toMatch(/^sinter: left out: broken\.jpg cannot be read as an image/);
    expect(JSON.parse(r.out)).toMatchObject({ samples: 2, skipped: [{ sample: 2 }] });
  });

  it.each([
    ['an empty folder', ['--data', 'empty'], /empty holds no samples/],
    ['a missing path', ['--data', 'nothing'], /nothing does not exist/],
    ['an algorithm', ['--data', 'data.npy', '--algorithm', 'best'], /give entropy, minmax, percentile or mse/],
    ['a percentile', ['--data', 'data.npy', '--algorithm', 'percentile', '--percentile', '0'], /over 0/],
    ['a number', ['--data', 'photos', '--mean', '0.5,x'], /--mean 0\.5,x: give numbers/],
    ['too many numbers', ['--data', 'photos', '--mean', '1,2'], /2 numbers for 3 channels/],
  ])('%s that is wrong is one sentence', (_, args, why) => {
    const r = sinter('calibrate', MODEL, ...args, '-o', 'x.calib');
    expect(r.code).toBe(2);
    expect(r.err).toMatch(why);
    expect(r.err.trim().split('\n')).toHaveLength(1);
    expect(existsSync(at('x.calib'))).toBe(false);
  });
});

describe('sinter evaluate', () => {
  const evaluate = (labels: number[], ...args: string[]) => {
    writeFileSync(at('labels.txt'), labels.join('\n'));
    return sinter('evaluate', MODEL, '--data', 'data.npy', '--labels', 'labels.txt', ...args);
  };

  it('counts how often the label is what ONNX Runtime ranks first', () => {
    const right = evaluate(best);
    expect(right.err).toBe('');
    expect(right.out).toMatch(/top-1 {2}100\.00 %\ntop-5 {2}100\.00 %\n24 samples .*10 classes, output "prob"/);
    const half = evaluate(
      best.map((b, i) => (i % 4 === 0 ? (b + 1) % 10 : b)),
      '--json',
    );
    expect(JSON.parse(half.out)).toMatchObject({ count: COUNT, top1: 0.75, classes: 10, output: 'prob' });
  });

  it('evaluates an engine of an INT8 build', () => {
    expect(calibrate('-o', 'e.calib').code).toBe(0);
    expect(sinter('build', MODEL, '--precision', 'int8', '--calibration', 'e.calib', '-o', 'e.sinter').code).toBe(0);
    writeFileSync(at('labels.txt'), best.join('\n'));
    const r = sinter('evaluate', 'e.sinter', '--data', 'data.npy', '--labels', 'labels.txt', '--json');
    expect(r.err).toBe('');
    expect(JSON.parse(r.out).top1).toBeGreaterThan(0.5);
  });

  it('takes labels from folders, and says when there are none or they do not fit', () => {
    const r = sinter('evaluate', MODEL, '--data', 'photos', '--json');
    expect(JSON.parse(r.out)).toMatchObject({ count: 2, classes: 10 });
    const none = sinter('evaluate', MODEL, '--data', 'data.npy');
    expect(none.code).toBe(2);
    expect(none.err).toMatch(/have no labels/);
    const wrong = evaluate(best.map(() => 12));
    expect(wrong.err).toMatch(/has the label 12, the model has classes 0 to 9/);
    expect(evaluate(best.slice(1)).err).toMatch(/23 labels for the 24 samples/);
  });
});

describe('sinter sensitivity', () => {
  it('ranks layers and names what must stay in FP32; the build takes the pins', () => {
    calibrate('-o', 's.calib', '--samples', '4', '--algorithm', 'minmax');
    const data = ['--data', 'data.npy', '--samples', '2', '--calibration', 's.calib', '--json'];
    const report = JSON.parse(sinter('sensitivity', MODEL, ...data, '--cosine', '0.999999999').out);
    expect(report.layers.length).toBeGreaterThan(3);
    expect(report.pins.length).toBeGreaterThan(0);
    const build = (...args: string[]) =>
      JSON.parse(
        sinter(
          'build',
          MODEL,
          '-o',
          's.sinter',
          '--level',
          '0',
          '--precision',
          'int8',
          '--calibration',
          's.calib',
          '--json',
          ...args,
        ).out,
      );
    // Reformats are not counted: fewer INT8 layers may need more of them.
    const quantized = (b: { layers: { op: string; stored: string }[] }): number =>
      b.layers.filter((l) => l.stored === 'int8' && l.op !== 'Copy').length;
    const pins = report.pins.flatMap((p: string) => ['--pin', `${p}=fp32`]);
    expect(quantized(build(...pins))).toBeLessThan(quantized(build()));
    const wrong = sinter(
      'build',
      MODEL,
      '-o',
      's.sinter',
      '--precision',
      'int8',
      '--calibration',
      's.calib',
      '--pin',
      'nope=fp32',
    );
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('no operator of the model is called "nope"');
  });
});
