import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MeasureRequest, Tuner } from '../../native/napi/tuner.ts';
import { RuntimeFailure } from '../../optimizer/runtime.ts';

/* A stand-in for the tuner program that speaks its protocol: tactics are called by what is to happen to them. */
const PROGRAM = `#!${process.execPath}
let text = '';
process.stdin.on('data', (d) => {
  text += d.toString('latin1');
  const at = text.indexOf('\\n');
  if (at < 0) return;
  const words = text.slice(0, at).split(' ');
  const tactics = text.slice(at + 1).split('\\n').slice(0, Number(words[9]));
  text = '';
  const out = [];
  for (const t of tactics) {
    out.push('start ' + t);
    if (t === 'crash' || t === 'hang') {
      process.stdout.write(out.join('\\n') + '\\n', () => t === 'crash' && process.kill(process.pid, 'SIGSEGV'));
      return;
    }
    out.push(t === 'refuse' ? 'fail it does not run here' : 'time 10 20 30');
  }
  process.stdout.write(out.join('\\n') + '\\nend\\n');
});
`;

const BUILD = join(process.cwd(), 'build/native');

let dir: string;
let program: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sinter-tuner-'));
  program = join(dir, 'tuner.cjs');
  writeFileSync(program, PROGRAM);
  chmodSync(program, 0o755);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const policy = { warmup: 1, least: 1, most: 2, budget: 1e6, hopeless: 2, rotation: 1024 };
const request = (...tactics: string[]): MeasureRequest => ({
  device: 'cpu',
  layer: new Uint8Array([1, 2, 3]),
  tactics,
  threads: 1,
  policy,
});
const never = new AbortController().signal;

test('a tactic that crashes its process is one failed result; the others are timed by a new process', async () => {
  const results = await new Tuner(program).measure(request('a', 'crash', 'b', 'refuse', 'crash'), never);
  expect(results.map((r) => [r.tactic, r.ok])).toEqual([
    ['a', true],
    ['crash', false],
    ['b', true],
    ['refuse', false],
    ['crash', false],
  ]);
  expect(results[1]!.error).toContain('SIGSEGV');
  expect(results[3]!.error).toBe('it does not run here');
  expect(results[2]).toMatchObject({ min: 10, median: 20, max: 30 });
});

test('a tactic that hangs is given up after a while; the others are timed by a new process', async () => {
  const results = await new Tuner(program, 300).measure(request('a', 'hang', 'b'), never);
  expect(results.map((r) => [r.tactic, r.ok])).toEqual([
    ['a', true],
    ['hang', false],
    ['b', true],
  ]);
  expect(results[1]!.error).toBe('it did not end within 0.3 seconds');
});

test('a stop ends a tactic that hangs at once, and the next request starts afresh', async () => {
  const tuner = new Tuner(program);
  const stop = new AbortController();
  const started = performance.now();
  setTimeout(() => stop.abort(), 50);
  await expect(tuner.measure(request('hang'), stop.signal)).rejects.toMatchObject({ code: 'stopped' });
  expect(performance.now() - started).toBeLessThan(5000);
  expect(await tuner.measure(request('a'), never)).toHaveLength(1);
});

test('a tuner ends with the program that started it, although its input stays open', async () => {
  const shell = spawn('sh', ['-c', 'exec 3<&0; "$0" <&3 & echo $!; wait', join(BUILD, 'sinter_tuner')]);
  const pid = Number(await new Promise<string>((resolve) => shell.stdout.once('data', (d) => resolve(String(d)))));
  const alive = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  expect(alive()).toBe(true);
  shell.kill('SIGKILL');
  await expect.poll(alive, { timeout: 5000 }).toBe(false);
});

test('a tuner that is missing is named, with what to do', async () => {
  const missing = new Tuner(join(dir, 'nothing-here')).measure(request('a'), never);
  await expect(missing).rejects.toThrow(RuntimeFailure);
  await expect(missing).rejects.toThrow(/nothing-here.*npm run build:native/);
});
