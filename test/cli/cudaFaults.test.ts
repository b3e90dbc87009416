import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeOnnx } from '../../optimizer/exporters/onnx/write.ts';
import { Build } from '../support/build.ts';

/* What may go wrong on a GPU, let go wrong on the emulated one; test/native/cuda/faults_test.cpp has the rest. */
const ROOT = process.cwd();
const EMULATOR = join(ROOT, 'build/native/emulator');

let dir: string;
let model: string;
let engine: string;

function sinter(args: string[], env: Record<string, string> = {}): { code: number; out: string; err: string } {
  const p = spawnSync(process.execPath, ['bin/sinter.mjs', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, SINTER_CUDA_PATH: EMULATOR, SINTER_KERNEL_CACHE: join(dir, 'kernels'), ...env },
  });
  return { code: p.status ?? 1, out: p.stdout, err: p.stderr };
}

const build = (path: string, device = 'cuda:0', level = '0'): string[] => [
  ...['build', model, '--device', device, '--level', level, '-o', path],
];

/** A failed command says what is wrong in one line. */
function sentence(r: { code: number; err: string }): string {
  expect(r.code).not.toBe(0);
  const lines = r.err.trim().split('\n');
  expect(lines, r.err).toHaveLength(1);
  return lines[0]!;
}

describe.skipIf(!existsSync(join(EMULATOR, 'libcuda.so.1')))('a GPU that fails', () => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sinter-cuda-faults-'));
    const b = new Build();
    const x = b.node('Relu', [b.input('x', [2, 8])]);
    b.output(b.node('Softmax', [x], { axis: 1 }), 'y');
    model = join(dir, 'model.onnx');
    await writeOnnx(b.done(), model, { evaluateWeight: () => Promise.reject(new Error('there are no weights')) });
    engine = join(dir, 'engine.sinter');
    expect(sinter(build(engine))).toMatchObject({ code: 0 });
  }, 60_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('a driver that is too old is named, with both versions', () => {
    const { out } = sinter(['devices'], { SINTER_EMULATED_DRIVER: '11080' });
    expect(out).toContain('is too old (CUDA 11.8): CUDA 12.0');
    expect(out).not.toContain('cuda:0');
  }, 30_000);

  test('without NVRTC engines are run; building says what is missing', () => {
    const driver = join(dir, 'driver');
    mkdirSync(driver);
    symlinkSync(join(EMULATOR, 'libcuda.so.1'), join(driver, 'libcuda.so.1'));
    const alone = { SINTER_CUDA_PATH: `${driver}:none`, SINTER_KERNEL_CACHE: 'none' };
    expect(JSON.parse(sinter(['compare', model, engine, '--json'], alone).out).ok).toBe(true);
    expect(sentence(sinter(build(join(dir, 'none.sinter')), alone))).toContain('NVRTC (libnvrtc.so) was not found');
  }, 60_000);

  test('a kernel that does not compile is left out, by name: the layer runs on the CPU', () => {
    const path = join(dir, 'without.sinter');
    const bad = { SINTER_EMULATED_BAD_KERNEL: 'softmax.cu', SINTER_KERNEL_CACHE: 'none' };
    const built = sinter([...build(path), '--json'], bad);
    expect(built.code, built.err).toBe(0);
    const report = JSON.parse(built.out) as {
      layers: { op: string; tactic: string; candidates: { tactic: string; status: string; reason: string }[] }[];
    };
    const softmax = report.layers.find((l) => l.op === 'Softmax')!;
    expect(softmax.tactic).toMatch(/^cpu:/);
    const failed = softmax.candidates.filter((c) => c.status === 'failed');
    expect(failed.map((c) => c.tactic)).toContain('any_softmax__cuda');
    expect(failed[0]!.reason).toContain('does not compile');
    expect(JSON.parse(sinter(['compare', model, path, '--json']).out).ok).toBe(true);
  }, 60_000);

  test('timing goes on after a kernel that takes the GPU with it', () => {
    // Each process that times may launch so often; what is in flight then fails, and the next one goes on behind it.
    const fault = { SINTER_EMULATED_FAULT: 'cuLaunchKernelEx:3:700' };
    const path = join(dir, 'timed.sinter');
    const built = sinter([...build(path, 'cuda:0', '1'), '--timing-cache', join(dir, 'times.json'), '--json'], fault);
    expect(built.code, built.err).toBe(0);
    const { tuning } = JSON.parse(built.out) as { tuning: { timed: number; failed: number } };
    expect(tuning.failed).toBeGreaterThan(0);
    expect(JSON.parse(sinter(['compare', model, path, '--json']).out).ok).toBe(true);
  }, 120_000);

  test('a lost GPU and a full one end a run in one sentence', () => {
    const run = ['run', engine, '--output-dir', join(dir, 'out')];
    const lost = sentence(sinter(run, { SINTER_EMULATED_FAULT: 'cuLaunchKernelEx:1:700' }));
    expect(lost).toContain('an illegal memory access was encountered');
    expect(lost).toMatch(/layer "\w+/);
    const full = sentence(sinter(run, { SINTER_EMULATED_MEMORY: '300' }));
    expect(full).toContain('the GPU is out of memory');
  }, 60_000);

  test('an engine for a second card says which devices there are', () => {
    const second = join(dir, 'second.sinter');
    expect(sinter(build(second, 'cuda:1'), { SINTER_EMULATED_COUNT: '2' })).toMatchObject({ code: 0 });
    const refused = sentence(sinter(['run', second, '--output-dir', join(dir, 'out')]));
    expect(refused).toContain('there is no device "cuda:1" here; there is cpu, cuda:0');
  }, 60_000);
});
