import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { deviceCeilings } from '../../optimizer/builder/ceilings.ts';
import type { Ceilings, NativeRuntime } from '../../optimizer/runtime.ts';

const folder = mkdtempSync(join(tmpdir(), 'sinter-ceilings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { signal: stop } = new AbortController();
const cpu = { id: 'cpu', kind: 'cpu' as const, name: 'A', features: ['avx2'], cores: 4, notes: [] };

function counting(answer: Ceilings): { runtime: NativeRuntime; asked: number[] } {
  const asked: number[] = [];
  const ceilings = async (_device: string, threads: number): Promise<Ceilings> => {
    asked.push(threads);
    return answer;
  };
  return { runtime: { version: '1', ceilings } as unknown as NativeRuntime, asked };
}

it('ceilings are measured once per device and thread count, and again on request or when the cache is spoiled', async () => {
  const { runtime, asked } = counting({ flops: [{ dtype: 'float32', rate: 2e11 }], bandwidth: 3e10 });
  const ask = (device: typeof cpu, threads: number, again = false) =>
    deviceCeilings(runtime, device, threads, { stop, folder, again });
  expect(await ask(cpu, 1)).toEqual({ threads: 1, flops: [{ dtype: 'float32', rate: 2e11 }], bandwidth: 3e10 });
  await ask(cpu, 1);
  await ask(cpu, 2);
  await ask({ ...cpu, features: ['avx2', 'avx512'] }, 1);
  expect(asked).toEqual([1, 2, 1]);
  await ask(cpu, 2, true);
  expect(asked).toEqual([1, 2, 1, 2]);
  writeFileSync(join(folder, 'ceilings.json'), '{"half');
  await ask(cpu, 1);
  expect(asked).toEqual([1, 2, 1, 2, 1]);
});

it('a device that cannot say has none', async () => {
  const { runtime } = counting({ flops: [], bandwidth: 0 });
  expect(await deviceCeilings(runtime, { ...cpu, name: 'B' }, 1, { stop, folder })).toBeNull();
});
