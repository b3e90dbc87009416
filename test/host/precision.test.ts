import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realParts } from '../../electron/host/parts/real.ts';
import { createServices } from '../../electron/host/services/studio.ts';
import type { HostServices } from '../../electron/ipc/contract.ts';
import { contract } from '../../electron/ipc/contract.ts';
import type { JobSnapshot } from '../../electron/ipc/schemas/common.ts';
import type { DataChoice } from '../../electron/ipc/schemas/precision.ts';
import { writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { classifier, clothes, writeClothes } from '../support/clothes.ts';
import { untimed } from '../support/tuning.ts';

/* The services of the Precision step over the real optimizer and runtime, on the trained sample network. */

const ROOT = join(import.meta.dirname, '../..');
const MODEL = join(ROOT, 'assets/models/fashion-cnn.onnx');
const dir = mkdtempSync(join(tmpdir(), 'sinter-precision-'));
const photos = join(dir, 'photos');
const COUNT = 120;

const data = (change: Partial<DataChoice> = {}): DataChoice => ({
  path: photos,
  labels: null,
  samples: null,
  batch: 1,
  image: {
    resize: 'stretch',
    shortestSide: null,
    size: null,
    layout: null,
    channels: 'gray',
    scale: 1 / 255,
    mean: [0],
    std: [1],
  },
  raw: { dtype: null, shape: null },
  ...change,
});
const machine = { device: 'cpu', threads: 1, shapes: { batch: 1 } };
const tuning = { ...untimed, level: 3 };

let jobs: JobSnapshot[] = [];
let host: HostServices;
let model = '';

function start(): HostServices {
  return createServices(realParts(), {
    cacheDir: join(dir, 'results'),
    calibrationDir: join(dir, 'calibrations'),
    isCancelled: () => false,
    onJob: (s) => jobs.push(s),
    onLog: () => undefined,
  });
}
async function open(): Promise<void> {
  host = start();
  ({ model } = await host.open({ path: MODEL, job: 'open' }));
  await host.optimize({ model, switches: { passes: [], applications: [] }, job: 'optimize' });
  jobs = [];
}
const calibrate = (change: { data?: DataChoice; job?: string; resume?: boolean; algorithm?: string } = {}) =>
  host.calibrate({ model, data: data(), ...machine, algorithm: 'entropy', resume: false, job: 'c', ...change });
const ranges = (calibration: string, thresholds = {}, algorithm: string | null = null) => ({
  calibration,
  algorithm,
  thresholds,
});
/** Waits until the job says so. */
async function until(job: string, test: (s: JobSnapshot) => boolean): Promise<void> {
  while (!jobs.some((s) => s.job === job && test(s))) await sleep(2);
}
const sinter = (...args: string[]) =>
  spawnSync(process.execPath, [join(ROOT, 'bin/sinter.mjs'), ...args], { encoding: 'utf8', cwd: dir });

beforeAll(async () => {
  await writeClothes(photos, COUNT, MODEL);
  writeFileSync(join(photos, readdirSync(photos)[0]!, 'broken.png'), 'no image');
  await open();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('data', () => {
  it('is shown as the network sees it', async () => {
    const d = await host.data({ model, data: data(), shapes: {}, indices: [1, 2] });
    expect(d).toMatchObject({ length: COUNT + 1, labelled: true, images: true, checkpoint: null });
    expect(d.inputs).toEqual([{ name: 'image', type: 'float32 ?×1×28×28' }]);
    expect(d.samples[0]!.image).toMatchObject({ width: 28, height: 28 });
    const { values } = d.samples[0]!;
    expect(values[0]).toMatchObject({ name: 'grey', min: 0 });
    expect(Math.max(...d.samples[0]!.image!.pixels.filter((_, i) => i % 4 < 3))).toBe(Math.round(values[0]!.max * 255));
    const scaled = data({ image: { ...data().image, mean: [0.5], std: [0.5] } });
    const [other] = (await host.data({ model, data: scaled, shapes: {}, indices: [1] })).samples;
    expect(other!.values[0]!.min).toBe(-1);
    // The preview takes the settings back: the picture is the same.
    expect(other!.image!.pixels).toEqual(d.samples[0]!.image!.pixels);
  });

  it('that is wrong is one sentence, for a sample and for all', async () => {
    const broken = await host.data({
      model,
      data: data(),
      shapes: {},
      indices: Array.from({ length: COUNT + 1 }, (_, i) => i),
    });
    const bad = broken.samples.filter((s) => s.problem !== null);
    expect(bad.map((s) => s.problem)).toEqual([expect.stringContaining('broken.png cannot be read as an image')]);
    await expect(host.data({ model, data: data({ path: join(dir, 'no') }), shapes: {}, indices: [] })).rejects.toThrow(
      /no does not exist; choose the data again/,
    );
    const mean = data({ image: { ...data().image, mean: [1, 2] } });
    await expect(host.data({ model, data: mean, shapes: {}, indices: [] })).rejects.toThrow(/2 numbers for 1 channels/);
  });
});

describe('calibration', () => {
  it('reports progress, live ranges and sentences, and finds the ranges of the command line', async () => {
    jobs = [];
    const work = calibrate({ job: 'live' });
    await until('live', (s) => s.phase === 'Calibrating' && s.done > 5);
    await host.pause({ job: 'live', paused: true });
    await sleep(100);
    const names = (await host.liveCalibration({ run: 'live', tensors: [] })).tensors;
    await host.liveCalibration({ run: 'live', tensors: names.slice(0, 3) });
    await sleep(400);
    const live = await host.liveCalibration({ run: 'live', tensors: names.slice(0, 3) });
    expect(contract.liveCalibration.result.safeParse(live).success).toBe(true);
    expect(live.ranges.map((r) => r.tensor)).toEqual(names.slice(0, 3));
    for (const r of live.ranges) expect(r.bins.reduce((a, b) => a + b, 0)).toBeGreaterThan(100);
    await host.pause({ job: 'live', paused: false });
    const done = await work;
    expect(contract.calibrate.result.safeParse(done).success).toBe(true);
    expect(done).toMatchObject({ status: 'complete', samples: COUNT, next: COUNT + 1, total: COUNT + 1, missing: [] });
    expect(done.skipped[0]!.message).toContain('broken.png');
    expect(done.tensors.map((t) => t.tensor)).toEqual(names);
    expect(jobs.at(-1)).toMatchObject({ state: 'done', kind: 'calibrate' });

    expect(sinter('calibrate', MODEL, '--data', photos, '--channels', 'gray', '-o', 'cli.calib').status).toBe(0);
    const cli = JSON.parse(readFileSync(join(dir, 'cli.calib'), 'utf8'));
    expect(cli.tensors.map((t: { amax: number }) => t.amax)).toEqual(done.tensors.map((t) => t.amax));
  });

  it('pauses, and goes on', async () => {
    jobs = [];
    const work = calibrate({ job: 'p' });
    await until('p', (s) => s.done > 3);
    expect(await host.pause({ job: 'p', paused: true })).toEqual({ found: true });
    await sleep(150);
    const at = jobs.at(-1)!.done;
    expect(jobs.at(-1)!.paused).toBe(true);
    await sleep(200);
    expect(jobs.at(-1)!.done).toBe(at);
    await host.pause({ job: 'p', paused: false });
    expect((await work).status).toBe('complete');
    expect(await host.pause({ job: 'p', paused: true })).toEqual({ found: false });
  });

  it('keeps what was seen when it is cancelled while paused, and another host goes on from there', async () => {
    jobs = [];
    const whole = await calibrate({ job: 'whole' });
    const work = calibrate({ job: 'k' });
    await until('k', (s) => s.done > 10);
    await host.pause({ job: 'k', paused: true });
    await host.cancel({ job: 'k' });
    const cancelled = await work;
    expect(cancelled.status).toBe('cancelled');
    expect(cancelled.samples).toBeGreaterThan(5);
    expect(cancelled.next).toBeLessThan(COUNT);
    expect(jobs.at(-1)!.state).toBe('cancelled');
    await open();
    const { checkpoint } = await host.data({ model, data: data(), shapes: {}, indices: [] });
    expect(checkpoint).toEqual({ next: cancelled.next, total: COUNT + 1 });
    // Other samples are another calibration.
    expect((await host.data({ model, data: data({ samples: 50 }), shapes: {}, indices: [] })).checkpoint).toBeNull();
    const resumed = await calibrate({ job: 'r', resume: true });
    expect(resumed.status).toBe('complete');
    expect(resumed.tensors.map((t) => [t.tensor, t.amax])).toEqual(whole.tensors.map((t) => [t.tensor, t.amax]));
  });

  it('leaves out samples of another shape or with NaN, a sentence each, and keeps the others', async () => {
    const arrays = join(dir, 'arrays');
    mkdirSync(arrays);
    const write = (name: string, shape: number[], fill: number): void => {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(fill);
      writeNpy(join(arrays, name), { dtype: 'float32', shape, bytes: new Uint8Array(values.buffer) });
    };
    write('a.npy', [1, 1, 28, 28], 0.5);
    write('b.npy', [1, 1, 20, 20], 0.5);
    write('c.npy', [1, 1, 28, 28], Number.NaN);
    write('d.npy', [1, 1, 28, 28], 0.25);
    const c = await calibrate({ data: data({ path: arrays }), job: 'odd' });
    expect(c).toMatchObject({ status: 'complete', samples: 2, total: 4 });
    expect(c.skipped.map((s) => s.message)).toEqual([
      expect.stringMatching(/^b\.npy has the shape 1×1×20×20/),
      expect.stringMatching(/^c\.npy holds NaN in input "image"/),
    ]);
  });

  it('with nothing good fails in one sentence', async () => {
    const only = join(dir, 'bad');
    copyFileSync(MODEL, join(dir, 'x.png'));
    await expect(calibrate({ data: data({ path: join(dir, 'x.png') }), job: 'b' })).rejects.toThrow(/none of the/);
    expect(existsSync(only)).toBe(false);
  });
});

describe('a calibration', () => {
  it('takes another algorithm and moved thresholds without data, and is written as both kinds of cache', async () => {
    const c = await calibrate();
    const minmax = await host.calibration({ model, ranges: ranges(c.calibration, {}, 'minmax') });
    expect(minmax.tensors.every((t) => t.clipped === 0)).toBe(true);
    const { tensor, amax } = minmax.tensors[3]!;
    const moved = ranges(c.calibration, { [tensor]: amax / 2 }, 'minmax');
    const view = await host.calibration({ model, ranges: moved });
    const mine = view.tensors.find((t) => t.tensor === tensor)!;
    expect(mine).toMatchObject({ amax: amax / 2, chosen: amax });
    expect(mine.clipped).toBeGreaterThan(0);
    expect(await host.threshold({ calibration: c.calibration, tensor, amax: amax / 2 })).toMatchObject({
      clipped: mine.clipped,
      sqnr: mine.sqnr,
    });
    const h = await host.histogram({ calibration: c.calibration, tensor });
    expect(h.bins.reduce((a, b) => a + b, 0) + h.zeros).toBe(h.count);

    const [ours, theirs] = [join(dir, 'a.calib'), join(dir, 'a.trt')];
    await host.exportCalibration({ ranges: moved, format: 'sinter', path: ours });
    await host.exportCalibration({ ranges: moved, format: 'tensorrt', path: theirs });
    for (const path of [ours, theirs]) {
      const back = await host.openCalibration({ model, path });
      const same = back.tensors.find((t) => t.tensor === tensor)!;
      expect(same.amax).toBeCloseTo(amax / 2, 5);
      expect(back.origin).toBe(path === ours ? 'file' : 'tensorrt');
      expect(
        sinter(
          'build',
          MODEL,
          '--shape',
          'image=1x1x28x28',
          '--precision',
          'int8',
          '--calibration',
          path,
          '-o',
          'b.sinter',
        ).status,
      ).toBe(0);
    }
    for (const activations of ['int8', 'uint8'] as const) {
      const path = join(dir, `${activations}.onnx`);
      const written = await host.exportQdq({
        model,
        ranges: ranges(c.calibration),
        pins: {},
        activations,
        path,
        job: 'q',
      });
      expect(written.quantized).toBeGreaterThan(5);
      // ONNX Runtime ranks the pictures as the model does, mostly.
      const quantized = await classifier(path);
      const plain = await classifier(MODEL);
      let same = 0;
      for (let i = 0; i < 40; i++) if ((await quantized(clothes(i))) === (await plain(clothes(i)))) same++;
      expect(same).toBeGreaterThan(30);
    }
    await expect(host.openCalibration({ model, path: MODEL })).rejects.toThrow(/not a calibration cache/);
    expect(readdirSync(dir).filter((f) => f.endsWith('.tmp'))).toEqual([]);
  });

  it('builds INT8 with pins, and evaluates as the command line does', async () => {
    const c = await calibrate({ algorithm: 'minmax' });
    const build = async (pins: Record<string, 'fp32' | 'int8'>) => {
      const precision = { kind: 'int8', ranges: ranges(c.calibration), pins } as const;
      const built = await host.build({ model, ...machine, precision, fastFp32: false, tuning, job: 'b' });
      return { ...built, int8: built.report.layers.filter((l) => l.tactic.startsWith('s8_conv')) };
    };
    // On some machines FP32 is quicker for the smallest layers: what is asked for holds all the same.
    const all = Object.fromEntries(
      (await build({})).report.layers.flatMap((l) => l.sources.map((s) => [s, 'int8' as const])),
    );
    const int8 = await build(all);
    expect(int8.int8.length).toBeGreaterThan(3);
    const { sources } = int8.int8[0]!;
    const pinned = await build({ ...all, ...Object.fromEntries(sources.map((s) => [s, 'fp32' as const])) });
    const layer = pinned.report.layers.find((l) => l.sources.join() === sources.join())!;
    expect(layer.tactic).toMatch(/^f32_/);

    jobs = [];
    const top = await host.evaluate({ engine: int8.engine, data: data(), job: 'e' });
    expect(top).toMatchObject({ count: COUNT, classes: 10, output: 'logits' });
    expect(top.top1).toBeGreaterThan(0.6);
    expect(jobs.find((j) => j.note.startsWith('top-1'))).toBeDefined();
    await host.exportEngine({ engine: int8.engine, path: join(dir, 'e.sinter') });
    const cli = JSON.parse(sinter('evaluate', 'e.sinter', '--data', photos, '--channels', 'gray', '--json').stdout);
    expect([cli.top1, cli.top5]).toEqual([top.top1, top.top5]);
    await expect(
      host.build({
        model,
        ...machine,
        precision: { kind: 'int8+fp16', ranges: null, pins: {} },
        fastFp32: false,
        tuning,
        job: 'n',
      }),
    ).rejects.toThrow(/INT8 needs ranges/);
  });

  it('ranks layers and compares plans that were really built', async () => {
    const c = await calibrate({ algorithm: 'minmax' });
    const request = { model, data: data({ samples: 40 }), ...machine, ranges: ranges(c.calibration) };
    const report = await host.sensitivity({ ...request, job: 's' });
    expect(contract.sensitivity.result.safeParse(report).success).toBe(true);
    expect(report.layers.length).toBeGreaterThan(3);
    for (const l of report.layers) expect(l.tensors.length).toBeGreaterThan(1);
    const sqnr = report.layers.map((l) => l.sqnr);
    expect(sqnr).toEqual([...sqnr].sort((a, b) => a - b));

    const plans = await host.plans({
      ...request,
      pins: {},
      tuning: { ...tuning, level: 0 },
      budget: { measure: 'cosine', value: 0.9999999 },
      job: 'q',
    });
    expect(contract.plans.result.safeParse(plans).success).toBe(true);
    const point = (id: string) => plans.points.find((p) => p.id === id)!;
    expect(point('fp32')).toMatchObject({ cosine: 1, sqnr: Number.POSITIVE_INFINITY });
    expect(point('int8').cosine).toBeLessThan(1);
    expect(point('int8').cosine).toBeGreaterThan(0.95);
    expect(plans.points.every((p) => p.latency > 0 && p.top1 !== null)).toBe(true);
    const automatic = point(plans.automatic!);
    expect(automatic.cosine).toBeGreaterThanOrEqual(0.9999999);
    await expect(host.sensitivity({ ...request, shapes: {}, job: 'o' })).rejects.toThrow(
      /Give dimension "batch" a size/,
    );
  });
});
