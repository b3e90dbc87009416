import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { openModel, optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import { writeNpy } from '../../optimizer/calibration/data/npy.ts';
import { decodeEngine } from '../../optimizer/engine/schema.ts';
import { difference, numbersOf } from '../../optimizer/engine/summary.ts';
import type { Tensor } from '../../optimizer/runtime.ts';
import { modelDir } from '../bench/models.ts';
import { ortSession, runOrt } from '../bench/ort.ts';
import { speech } from '../support/speech.ts';
import { ROOT, testRuntime } from './check.ts';

/* Silero VAD v5 (npm): the sampling rate chooses between two networks with an LSTM each, by an If that owns Ifs. */

const path = join(modelDir(), 'silero_vad.onnx');
const dir = mkdtempSync(join(tmpdir(), 'sinter-silero-'));

const floats = (shape: readonly number[], data: Float32Array): Tensor => ({
  dtype: 'float32',
  shape,
  bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});
const rateOf = (rate: number): Tensor => ({
  dtype: 'int64',
  shape: [],
  bytes: new Uint8Array(BigInt64Array.of(BigInt(rate)).buffer),
});

describe('a voice detector', () => {
  beforeAll(() => {
    if (!existsSync(path))
      execFileSync(process.execPath, [join(ROOT, 'scripts/fetch-models.mjs'), '--only', 'silero_vad']);
  }, 120_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    [16000, 576, true],
    [16000, 576, false],
    [8000, 288, true],
  ])('at %i Hz answers as ONNX Runtime does (%i samples, passes %s)', async (rate, samples, passes) => {
    const runtime = testRuntime();
    const model = await openModel(path, { shapes: { input: [1, samples], state: [2, 1, 128] } });
    const file = join(dir, `${rate}-${passes}.sinter`);
    await buildEngine(passes ? optimizeModel(model, runtime) : withoutPasses(model), {
      runtime,
      threads: 1,
      path: file,
    });
    const engine = await runtime.loadEngine(file);
    const context = engine.createContext({ threads: 1 });
    const session = await ortSession(path, 1);
    const audio = speech(rate, 8 * samples);
    let state = floats([2, 1, 128], new Float32Array(256));
    try {
      for (let chunk = 0; chunk < 8; chunk++) {
        const input = floats([1, samples], audio.slice(chunk * samples, (chunk + 1) * samples));
        const feeds = { input, state, sr: rateOf(rate) };
        const want = await runOrt(session, feeds);
        const got = await context.run(feeds);
        expect(difference(want.output!, got.output!).maxAbs).toBeLessThan(1e-4);
        expect(difference(want.stateN!, got.stateN!).maxAbs).toBeLessThan(1e-4);
        state = got.stateN!;
      }
      if (rate !== 16000) return;
      // The network for 8 kHz cannot work on chunks of this length: taking it is an error that names the layer.
      const other = {
        input: floats([1, samples], audio.slice(0, samples)),
        state,
        sr: rateOf(8000),
      };
      await expect(context.run(other)).rejects.toThrow(/branch cannot run/);
      // The context is as good as before.
      const again = await context.run({ ...other, sr: rateOf(rate) });
      expect(again.output!.shape).toEqual([1, 1]);
    } finally {
      context.dispose();
      engine.dispose();
      await session.release();
    }
  });

  it('keeps its answers in INT8, calibrated on samples like speech', async () => {
    const runtime = testRuntime();
    const chunks = 90;
    const audio = speech(16000, 512 * chunks, 9);
    const session = await ortSession(path, 1);
    // A chunk is 64 samples of the one before and 512 new ones; the state goes from each to the next.
    const feeds: { input: Tensor; state: Tensor }[] = [];
    const want: number[] = [];
    let state = floats([2, 1, 128], new Float32Array(256));
    for (let i = 0; i < chunks; i++) {
      const samples = new Float32Array(576);
      samples.set(audio.subarray(Math.max(0, 512 * i - 64), 512 * i), i === 0 ? 64 : 0);
      samples.set(audio.subarray(512 * i, 512 * (i + 1)), 64);
      const feed = { input: floats([1, 576], samples), state };
      feeds.push(feed);
      const out = await runOrt(session, { ...feed, sr: rateOf(16000) });
      want.push(numbersOf(out.output!)[0]!);
      state = out.stateN!;
    }
    await session.release();

    const data = join(dir, 'speech');
    mkdirSync(data);
    const npy = (t: Tensor): Uint8Array => {
      writeNpy(join(dir, 'one.npy'), t);
      return readFileSync(join(dir, 'one.npy'));
    };
    feeds.forEach((f, i) => {
      const files = { 'input.npy': npy(f.input), 'state.npy': npy(f.state) };
      writeFileSync(join(data, `${String(i).padStart(3, '0')}.npz`), zipSync(files, { level: 0 }));
    });
    const fixed = ['--set', 'sr=16000', '--shape', 'input=1x576', '--shape', 'state=2x1x128'];
    const sinter = (...args: string[]): void => {
      execFileSync(process.execPath, [join(ROOT, 'bin/sinter.mjs'), ...args], { stdio: 'pipe' });
    };
    const calibration = join(dir, 'silero.calib');
    const engineFile = join(dir, 'int8.sinter');
    sinter('calibrate', path, ...fixed, '--data', data, '-o', calibration);
    sinter('build', path, ...fixed, '--precision', 'int8', '--calibration', calibration, '-o', engineFile);

    const engine = await runtime.loadEngine(engineFile);
    const { layers } = decodeEngine(engine.headerBytes);
    expect(layers.filter((l) => l.tactic.startsWith('s8_conv')).length).toBeGreaterThanOrEqual(4);
    const context = engine.createContext({ threads: 1 });
    const got: number[] = [];
    let own = floats([2, 1, 128], new Float32Array(256));
    for (const f of feeds) {
      const out = await context.run({ input: f.input, state: own });
      got.push(numbersOf(out.output!)[0]!);
      own = out.stateN!;
    }
    context.dispose();
    engine.dispose();
    const column = (x: readonly number[]): Tensor => floats([x.length], Float32Array.from(x));
    expect(difference(column(want), column(got)).cosine).toBeGreaterThanOrEqual(0.99);
    // What a user asks of it: the same chunks hold speech.
    const agree = want.filter((p, i) => p > 0.5 === got[i]! > 0.5).length;
    expect(agree / chunks).toBeGreaterThanOrEqual(0.97);
  }, 120_000);
});
