import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { TimingCache } from '../../optimizer/builder/tuning/timingCache.ts';

const dir = mkdtempSync(join(tmpdir(), 'sinter-timings-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('timing cache file', () => {
  const fast = { ok: true, min: 1, median: 2, max: 3 } as const;
  const slow = { ok: true, min: 10, median: 20, max: 30 } as const;

  it('is read back with what another build wrote meanwhile, whose timing of the same thing was first', () => {
    const path = join(dir, 'cache', 'timings.jsonl');
    const mine = TimingCache.open(path);
    const other = TimingCache.open(path);
    mine.set('a/x/1', fast);
    mine.set('c/z/3', fast);
    other.set('b/y/2', { ok: false, error: 'it crashed' });
    other.set('c/z/3', slow);
    other.save();
    mine.save();
    for (const cache of [mine, TimingCache.open(path)]) {
      expect(cache.get('a/x/1')).toEqual(fast);
      expect(cache.get('b/y/2')).toEqual({ ok: false, error: 'it crashed' });
      expect(cache.get('c/z/3')).toEqual(slow);
    }
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(4);
  });

  it('is added to, never written anew, and not at all where nothing is new', () => {
    const path = join(dir, 'grows.jsonl');
    const cache = TimingCache.open(path);
    cache.set('a', fast);
    cache.save();
    const before = readFileSync(path, 'utf8');
    const { ino, mtimeNs } = statSync(path, { bigint: true });
    cache.save();
    expect(statSync(path, { bigint: true })).toMatchObject({ ino, mtimeNs });
    cache.set('b', fast);
    cache.save();
    expect(statSync(path, { bigint: true }).ino).toBe(ino);
    expect(readFileSync(path, 'utf8')).toBe(`${before}["b",[1,2,3]]\n`);
  });

  it('loses nothing where several processes add at once', async () => {
    const path = join(dir, 'shared.jsonl');
    const source = join(import.meta.dirname, '../../optimizer/builder/tuning/timingCache.ts');
    const program = join(dir, 'writer.mjs');
    await build({
      entryPoints: [source],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: join(dir, 'cache.mjs'),
    });
    writeFileSync(
      program,
      `import { TimingCache } from './cache.mjs';
       const cache = TimingCache.open(process.argv[2]);
       for (let i = 0; i < 200; i++) {
         cache.set(process.argv[3] + i, { ok: true, min: i, median: i, max: i });
         if (i % 3 === 0) cache.save();
       }
       cache.save();`,
    );
    const writers = ['a', 'b', 'c', 'd'].map((name) => promisify(execFile)(process.execPath, [program, path, name]));
    await Promise.all(writers);
    const cache = TimingCache.open(path);
    expect(cache.size).toBe(800);
    expect(cache.get('d199')).toEqual({ ok: true, min: 199, median: 199, max: 199 });
  });

  it('survives a line that a crash cut off', () => {
    const path = join(dir, 'torn.jsonl');
    const cache = TimingCache.open(path);
    cache.set('a', fast);
    cache.save();
    writeFileSync(path, '["b",[1,2', { flag: 'a' });
    const next = TimingCache.open(path);
    expect(next.get('a')).toEqual(fast);
    expect(next.get('b')).toBeUndefined();
    next.set('c', slow);
    next.save();
    const again = TimingCache.open(path);
    expect([again.get('a'), again.get('b'), again.get('c')]).toEqual([fast, undefined, slow]);
  });

  it('takes over a cache in its first form', () => {
    const path = join(dir, 'first.json');
    const entries = { 'a/x/1': [1, 2, 3], 'b/y/2': 'it crashed' };
    writeFileSync(path, JSON.stringify({ format: 'sinter-timing-cache', version: 1, entries }));
    const caches = [TimingCache.open(path), TimingCache.open(path)];
    caches.forEach((cache, i) => {
      expect(cache.get('a/x/1')).toEqual(fast);
      cache.set(`new ${i}`, slow);
      cache.save();
    });
    const again = TimingCache.open(path);
    expect(again.size).toBe(4);
    expect([again.get('b/y/2'), again.get('new 0')]).toEqual([{ ok: false, error: 'it crashed' }, slow]);
  });

  it('refuses a file that is something else, by name', () => {
    const path = join(dir, 'else.json');
    writeFileSync(path, '{"hello": 1}');
    expect(() => TimingCache.open(path)).toThrow(/else\.json is not a timing cache/);
  });
});
