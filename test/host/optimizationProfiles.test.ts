import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { realParts } from '../../electron/host/parts/real.ts';
import { createServices } from '../../electron/host/services/studio.ts';
import { untimed } from '../support/tuning.ts';

const dir = mkdtempSync(join(tmpdir(), 'sinter-host-profiles-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const fixed = (n: number) => ({ min: n, opt: n, max: n });

describe('optimization profiles in the window', () => {
  it('the host builds several, says so, and profiles the one that is chosen', async () => {
    const host = createServices(realParts(), {
      cacheDir: dir,
      calibrationDir: dir,
      isCancelled: () => false,
      onJob: () => undefined,
      onLog: () => undefined,
    });
    const { model, symbols } = await host.open({ path: 'assets/models/dynamic-conv.onnx', job: 'o' });
    expect(symbols).toEqual(['batch', 'height', 'width']);
    await host.optimize({ model, switches: { passes: [], applications: [] }, job: 'p' });
    const tuning = untimed;
    const profiles = [
      { batch: { min: 1, opt: 1, max: 2 }, height: fixed(32), width: { min: 16, opt: 32, max: 64 } },
      { batch: fixed(4), height: fixed(16), width: fixed(24) },
    ];
    const what = { model, device: 'cpu', threads: 1, shapes: {}, precision: null, fastFp32: false, tuning };
    const built = await host.build({ ...what, profiles, job: 'b' });
    expect(built.report.profiles.map((p) => p.ranges)).toEqual(profiles);
    const run = { engine: built.engine, threads: 1, warmup: 0, iterations: 2 };
    const second = await host.profile({ ...run, optimizationProfile: 1, job: 'r' });
    expect(second.engine.profile).toEqual({ index: 1, count: 2 });
    expect(second.engine.inputs[0]!.shape).toBe('4×3×16×24');
    const first = await host.profile({ ...run, job: 's' });
    expect(first.engine.inputs[0]!.shape).toBe('1×3×32×32');
    expect(first.memory.arena).toBeGreaterThan(second.memory.arena);
  }, 60_000);
});
