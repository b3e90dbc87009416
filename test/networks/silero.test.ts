import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEngine } from '../../optimizer/builder/build.ts';
import { openModel, optimizeModel, withoutPasses } from '../../optimizer/builder/session.ts';
import { difference } from '../../optimizer/engine/summary.ts';
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
});
