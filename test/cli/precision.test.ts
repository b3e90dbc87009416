import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomTensor, seededRandom } from '../../optimizer/builder/randomInputs.ts';
import { writeNpy } from '../../optimizer/calibration/data/npy.ts';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/sinter.mjs');
const MODEL = join(ROOT, 'assets/models/tiny-resnet.onnx');
const dir = mkdtempSync(join(tmpdir(), 'sinter-cli-precision-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function sinter(...args: string[]): { code: number | null; out: string; err: string } {
  const r = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8', cwd: dir });
  return { code: r.status, out: r.stdout, err: r.stderr };
}
const build = (...args: string[]) => sinter('build', MODEL, '-o', 'e.sinter', '--level', '0', ...args);
const stored = (out: string): Set<string> =>
  new Set((JSON.parse(out).layers as { stored: string }[]).map((l) => l.stored));

beforeAll(() => {
  writeNpy(join(dir, 'data.npy'), randomTensor('float32', [6, 3, 64, 64], seededRandom(4)));
  const calib = ['--data', 'data.npy', '--algorithm', 'minmax', '-o', 'm.calib'];
  expect(sinter('calibrate', MODEL, ...calib).code).toBe(0);
});

describe('sinter build --precision', () => {
  it.each([
    ['bf16', 'bfloat16', 2e-2],
    ['fp16', 'float16', 3e-3],
  ])('%s pinned to every operator is stored so, and stays close to the model', (kind, dtype, tolerance) => {
    const operators = JSON.parse(build('--json').out).fates as Record<string, string>;
    const pins = Object.keys(operators).flatMap((s) => ['--pin', `${s}=${kind}`]);
    const r = build('--precision', kind, ...pins, '--json');
    expect(r.err).toBe('');
    expect(stored(r.out).has(dtype)).toBe(true);
    const compared = sinter('compare', MODEL, 'e.sinter', '--tolerance', String(tolerance));
    expect(compared.out).toContain('equal within');
  });

  it('mixed keeps the budget and says what stays out and why', () => {
    const args = ['--precision', 'mixed', '--calibration', 'm.calib', '--data', 'data.npy', '--cosine', '0.99'];
    const r = build(...args);
    expect(r.code).toBe(0);
    expect(r.out).toMatch(/accuracy: cosine (0\.99\d+|1\.00000), at least cosine 0\.99000 allowed/);
    const strict = build('--precision', 'int8', ...args.slice(2, -1), '0.999999');
    expect(strict.out).toMatch(/^FP32 {2}.+: (alone in INT8: SQNR .+ µs won|nothing is won in INT8)$/m);
    expect(strict.out).toMatch(/^the same without measuring: --pin \S+=fp32/m);
  });

  it.each([
    [
      'a kind that does not exist',
      ['--precision', 'fp8'],
      /--precision fp8: give fp32, fp16, bf16, int8, int8\+fp16, mixed/,
    ],
    ['mixed without a budget', ['--precision', 'mixed', '--calibration', 'm.calib'], /mixed needs a budget/],
    ['a budget without data', ['--precision', 'bf16', '--cosine', '0.9'], /a budget needs --data/],
    ['a budget for FP32', ['--cosine', '0.9', '--data', 'data.npy'], /nothing to choose from/],
    ['a budget beyond 1', ['--precision', 'bf16', '--cosine', '2', '--data', 'data.npy'], /number from 0 to 1/],
    ['INT8 without ranges', ['--pin', 'x=int8'], /needs --calibration/],
    ['a pin of another kind', ['--pin', 'x=fp8'], /give fp32, fp16, bf16, int8 or float/],
  ])('%s is one sentence', (_what, args, message) => {
    const r = build(...args);
    expect(r.code).toBe(2);
    expect(r.err).toMatch(message);
    expect(r.err.trim().split('\n')).toHaveLength(1);
  });
});

describe('sinter sensitivity', () => {
  it('measures 16 bits without calibration', () => {
    const r = sinter('sensitivity', MODEL, '--data', 'data.npy', '--samples', '1', '--precision', 'fp16', '--json');
    expect(r.err).toBe('');
    expect(JSON.parse(r.out).all.cosine).toBeGreaterThan(0.9999);
  });
});
