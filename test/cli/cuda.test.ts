import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import { Build } from '../support/build.ts';

/*
 * The GPU backend end to end on an emulated GPU (test/native/cuda/emulator): the command line finds it as it finds a
 * driver, kernels are generated and compiled as for a card, and run thread for thread on the CPU.
 */
const ROOT = process.cwd();
const EMULATOR = join(ROOT, 'build/native/emulator');
const MODEL = 'assets/models/tiny-resnet.onnx';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sinter-cuda-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function sinter(
  args: string[],
  cuda: string,
  env: Record<string, string> = {},
): { code: number; out: string; err: string } {
  const p = spawnSync(process.execPath, ['bin/sinter.mjs', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, SINTER_CUDA_PATH: cuda, SINTER_KERNEL_CACHE: join(dir, 'kernels'), ...env },
  });
  return { code: p.status ?? 1, out: p.stdout, err: p.stderr };
}

/** A folder with the emulated driver and compiler, and none of the libraries. */
function driverAlone(): string {
  const folder = join(dir, 'driver');
  mkdirSync(folder, { recursive: true });
  for (const name of ['libcuda.so.1', 'libnvrtc.so.13']) copyFileSync(join(EMULATOR, name), join(folder, name));
  return folder;
}

describe.skipIf(!existsSync(join(EMULATOR, 'libcuda.so.1')))('an emulated GPU', () => {
  test('is listed; without a driver the command says what is missing and what it costs', () => {
    const found = JSON.parse(sinter(['devices', '--json'], EMULATOR).out);
    expect(found.devices.map((d: { id: string }) => d.id)).toEqual(['cpu', 'cuda:0']);
    expect(found.libraries.slice(0, 2)).toMatchObject([
      { name: 'NVIDIA driver', path: join(EMULATOR, 'libcuda.so.1'), version: 'CUDA 13.0', problem: '' },
      { name: 'NVRTC', path: join(EMULATOR, 'libnvrtc.so.13'), problem: '' },
    ]);
    const none = sinter(['devices'], 'none');
    expect(none.out).toContain('no NVIDIA driver');
    expect(none.out).toContain('NVIDIA driver  not found; looked in\n     nowhere: SINTER_CUDA_PATH is "none"');
    // Without the emulator's NVRTC beside it, where it was looked for is told, the user's own folder first.
    const alone = join(dir, 'driver-alone');
    mkdirSync(alone);
    symlinkSync(join(EMULATOR, 'libcuda.so.1'), join(alone, 'libcuda.so.1'));
    const [driver, compiler] = JSON.parse(sinter(['devices', '--json'], alone).out).libraries;
    expect(driver.problem).toBe('');
    expect(compiler.searched[0]).toBe(alone);
    expect(none.out).not.toContain('cuda:0');
  });

  test('builds in float32 and float16, agrees with the CPU, builds the same bytes again', () => {
    for (const [precision, tolerance] of [
      ['fp32', '0.0001'],
      ['fp16', '0.01'],
    ] as const) {
      const engine = join(dir, `${precision}.sinter`);
      const build = ['build', MODEL, '--device', 'cuda:0', '--precision', precision, '--level', '0', '-o'];
      expect(sinter([...build, engine], EMULATOR)).toMatchObject({ code: 0 });
      const compared = JSON.parse(sinter(['compare', MODEL, engine, '--tolerance', tolerance, '--json'], EMULATOR).out);
      expect(compared.ok).toBe(true);
      expect(sinter([...build, `${engine}.again`], EMULATOR).code).toBe(0);
      expect(readFileSync(engine).equals(readFileSync(`${engine}.again`))).toBe(true);
    }
  }, 180_000);

  test('runs what was built in another process with a driver alone', () => {
    // The kernels are in the engine: neither a compiler nor the folder of compiled kernels is asked.
    const p = spawnSync(
      process.execPath,
      ['bin/sinter.mjs', 'profile', join(dir, 'fp16.sinter'), '--iterations', '2', '--json'],
      {
        cwd: ROOT,
        encoding: 'utf8',
        env: {
          ...process.env,
          SINTER_CUDA_PATH: EMULATOR,
          SINTER_KERNEL_CACHE: 'none',
          SINTER_EMULATOR_CXX: '/bin/false',
        },
      },
    );
    expect(p.status, p.stderr).toBe(0);
    expect(JSON.parse(p.stdout).device.id).toBe('cuda:0');
  }, 60_000);

  test('layers on several streams give the same numbers, in whatever order a graph runs them', () => {
    const model = 'assets/models/tiny-googlenet.onnx';
    const built = [0, 3].map((n) => {
      const engine = join(dir, `streams${n}.sinter`);
      const args = ['build', model, '--device', 'cuda:0', '--level', '0', '--max-aux-streams', String(n), '-o', engine];
      const report = JSON.parse(sinter([...args, '--json'], EMULATOR).out);
      // The emulator replays a graph in the order furthest from the recorded one that its edges allow.
      const compared = sinter(['compare', model, engine, '--json'], EMULATOR);
      expect(JSON.parse(compared.out).ok).toBe(true);
      return report;
    });
    expect(built[0].streams.used).toBe(1);
    expect(built[1].streams.used).toBeGreaterThan(1);
    expect(built[1].streams.moved).toBeGreaterThan(3);
    expect(built[0].layers).toHaveLength(built[1].layers.length);
    const profile = JSON.parse(
      sinter(['profile', join(dir, 'streams3.sinter'), '--iterations', '2', '--json'], EMULATOR).out,
    );
    const lanes = new Set(profile.layers.map((l: { stream: number }) => l.stream));
    expect(lanes.size).toBe(built[1].streams.used);
    // Times of whole runs, where the tracing library (or its stand-in) is found.
    expect(profile.layerTimes).toBe('CUPTI 13.0');
    expect(profile.layers.every((l: { median: number }) => l.median > 0)).toBe(true);
  }, 180_000);

  test('libraries run layers only where a person allows it; their engine says what it needs', () => {
    const model = 'assets/models/tiny-googlenet.onnx';
    const engine = join(dir, 'libraries.sinter');
    const args = ['build', model, '--device', 'cuda:0', '--precision', 'fp16', '--level', '0', '-o', engine, '--json'];
    const libraryLayers = (r: { layers: { tactic: string }[] }) =>
      r.layers.filter((l) => /^cu.*:/.test(l.tactic)).length;
    expect(libraryLayers(JSON.parse(sinter(args, EMULATOR).out))).toBe(0);
    const built = JSON.parse(sinter([...args, '--tactic-sources', '+CUBLAS_LT,+CUDNN'], EMULATOR).out);
    expect(built.libraries.map((l: { name: string }) => l.name)).toEqual(['cuBLASLt', 'cuDNN']);
    expect(libraryLayers(built)).toBeGreaterThan(8);
    const compared = sinter(['compare', model, engine, '--tolerance', '0.01', '--json'], EMULATOR);
    expect(JSON.parse(compared.out).ok).toBe(true);
    const without = sinter(['run', engine], driverAlone());
    expect(without.code).not.toBe(0);
    expect(without.err.trim().split('\n')).toHaveLength(1);
    expect(without.err).toMatch(/the engine needs cuBLASLt 13\.0\.1, (which is not here|this machine has)/);
    const found = JSON.parse(sinter(['devices', '--json'], driverAlone()).out).libraries;
    if (found.find((l: { name: string }) => l.name === 'cuDNN').path !== '') return; // this machine has a real one
    const asked = sinter([...args, '--tactic-sources', '+CUDNN'], driverAlone());
    expect(asked.err).toContain('cuDNN is allowed but not here');
  }, 180_000);

  test('layers without a kernel that works on the GPU run on the CPU, and are named so', async () => {
    const b = new Build();
    const x = b.node('Relu', [b.input('x', [1, 4, 6])]);
    const sums = b.node('CumSum', [x, b.constant([], [1], 'int64')], { exclusive: 0, reverse: 0 });
    b.output(b.node('Add', [sums, x]), 'y');
    const model = join(dir, 'sums.onnx');
    await writeOnnx(b.done(), model, { evaluateWeight: () => Promise.reject(new Error('all weights are literals')) });
    const engine = join(dir, 'sums.sinter');
    const bad = { SINTER_EMULATED_BAD_KERNEL: 'cumulative.cu', SINTER_KERNEL_CACHE: 'none' };
    expect(sinter(['build', model, '--device', 'cuda:0', '--level', '0', '-o', engine], EMULATOR, bad)).toMatchObject({
      code: 0,
    });
    expect(sinter(['inspect', engine], EMULATOR).out).toMatch(/CumSum\s+cpu:/);
    expect(JSON.parse(sinter(['compare', model, engine, '--json'], EMULATOR).out).ok).toBe(true);
    const profile = sinter(['profile', engine, '--iterations', '3', '--json'], EMULATOR);
    expect(profile.code, profile.err).toBe(0);
  }, 60_000);

  test('an engine for a GPU is inspected without one, and refused in one sentence', () => {
    const inspected = sinter(['inspect', join(dir, 'fp32.sinter')], 'none');
    expect(inspected.out).toContain('any_conv2d__cuda_nhwc');
    const refused = sinter(['run', join(dir, 'fp32.sinter'), '--output-dir', join(dir, 'out')], 'none');
    expect(refused.code).not.toBe(0);
    expect(refused.err.trim().split('\n')).toHaveLength(1);
    expect(refused.err).toContain('no NVIDIA driver');
  });
});
