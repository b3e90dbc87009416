import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const python = (...args: string[]) => spawnSync('python3', args, { encoding: 'utf8' });
const script = (name: string) => join(import.meta.dirname, '../../scripts/gpu', name);

test.skipIf(python('--version').error)(
  'without its package TensorRT is said not to be measured, and nothing fails',
  () => {
    const out = join(mkdtempSync(join(tmpdir(), 'sinter-trt-')), 'tensorrt.json');
    // -S: without what is installed
    const p = python('-S', script('tensorrt_bench.py'), out, 'resnet50|1|fp16|resnet50.onnx');
    expect(p.status).toBe(0);
    expect(p.stdout).toMatch(/NOT MEASURED: the Python package tensorrt was not found/);
    expect(() => readFileSync(out)).toThrow();
  },
);

test('the GPU benchmark has every network in both batches and three float precisions; --only takes parts of names', async () => {
  const rows = (only?: string) => {
    const code = `process.argv.push(${only ? `'--only', '${only}'` : ''});
      const { readOptions } = await import('${script('bench/options.mjs')}');
      console.log(JSON.stringify(readOptions().rows.map((r) => r.name)))`;
    return JSON.parse(
      spawnSync(process.execPath, ['--input-type=module', '-e', code, '--'], { encoding: 'utf8' }).stdout,
    ) as string[];
  };
  expect(rows()).toHaveLength(37);
  expect(new Set(rows()).size).toBe(37);
  expect(rows('resnet50:32')).toEqual(['fp16', 'int8', 'fp32', 'tf32'].map((p) => `resnet50-b32-${p}`));
  expect(rows('vit_b16:1:tf32,bert_base:1:fp16')).toEqual(['bert_base-b1-fp16', 'vit_b16-b1-tf32']);
});
