import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { systemSentence } from '../../systemErrors.ts';

/** What timing one tactic on one layer gave: integer nanoseconds, or why it failed. */
export type Timing =
  | { readonly ok: true; readonly min: number; readonly median: number; readonly max: number }
  | { readonly ok: false; readonly error: string };

const HEAD = '{"format": "sinter-timing-cache", "version": 2}\n';
const ns = z.number().int().nonnegative();
const stored = z.union([z.tuple([ns, ns, ns]), z.string()]);
const line = z.tuple([z.string(), stored]);
/** The first form: one JSON object, written whole. It is still read, and becomes the present form when something is added. */
const firstForm = z.object({
  format: z.literal('sinter-timing-cache'),
  version: z.literal(1),
  entries: z.record(z.string(), stored),
});
type Stored = z.infer<typeof stored>;

/** A timing cache file that cannot be used, in one sentence. */
export class TimingCacheError extends Error {
  override readonly name = 'TimingCacheError';
}

/**
 * Timings by key (device, kernels, threads, layer and tactic: see PlanTuner), kept in a file or, without a path, in memory.
 * The file is what makes a second build free and equal byte for byte. It has one line per timing and is only ever added to, a
 * batch of whole lines in one write: builders that share it lose nothing of each other's, and a crash costs at most the line
 * that was being written. Of two timings of one key the first in the file counts.
 */
export class TimingCache {
  readonly path: string | null;
  private readonly timings = new Map<string, Timing>();
  /** Keys that the file does not have yet, as far as it was read. */
  private readonly added = new Set<string>();
  /** Bytes of the file that were read, up to the end of a line. */
  private read = 0;
  private rewrite = false;

  private constructor(path: string | null) {
    this.path = path;
  }

  static inMemory(): TimingCache {
    return new TimingCache(null);
  }

  /** Opens a cache file; one that does not exist yet is empty. Throws TimingCacheError when it is something else. */
  static open(path: string): TimingCache {
    const cache = new TimingCache(path);
    try {
      const fd = openSync(path, 'r');
      try {
        cache.readOn(fd);
      } finally {
        closeSync(fd);
      }
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ENOENT') return cache;
      if (e instanceof TimingCacheError) throw e;
      throw new TimingCacheError(`the timing cache ${path} cannot be read: ${reason(e, path)}`);
    }
    return cache;
  }

  get size(): number {
    return this.timings.size;
  }

  get(key: string): Timing | undefined {
    return this.timings.get(key);
  }

  set(key: string, timing: Timing): void {
    this.timings.set(key, timing);
    if (this.path) this.added.add(key);
  }

  /** Adds what is new to the file; where others were first to time something, theirs counts from now on. */
  save(): void {
    if (!this.path || this.added.size === 0) return;
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      const fd = openSync(this.path, 'a+');
      try {
        const torn = this.readOn(fd);
        if (this.added.size === 0) return;
        if (this.rewrite) {
          this.replace();
          return;
        }
        // A line that someone did not finish ends here; whoever reads it skips it.
        const lead = fstatSync(fd).size === 0 ? HEAD : torn ? '\n' : '';
        const lines = Buffer.from(lead + [...this.added].map((key) => this.lineOf(key)).join(''));
        for (let done = 0; done < lines.length; ) done += writeSync(fd, lines, done);
      } finally {
        closeSync(fd);
      }
    } catch (e) {
      if (e instanceof TimingCacheError) throw e;
      throw new TimingCacheError(`the timing cache ${this.path} cannot be written: ${reason(e, this.path)}`);
    }
    this.added.clear();
  }

  /** The whole in the present form, in place of a file of the first form. */
  private replace(): void {
    const staged = `${this.path}.${process.pid}.part`;
    try {
      writeFileSync(
        staged,
        HEAD +
          [...this.timings.keys()]
            .sort()
            .map((key) => this.lineOf(key))
            .join(''),
      );
      renameSync(staged, this.path!);
    } finally {
      rmSync(staged, { force: true });
    }
    this.read = 0;
    this.added.clear();
  }

  private lineOf(key: string): string {
    const t = this.timings.get(key)!;
    return `${JSON.stringify([key, t.ok ? [t.min, t.median, t.max] : t.error])}\n`;
  }

  /** Takes in what the file has beyond what was read; true when it ends within a line. */
  private readOn(fd: number): boolean {
    const size = fstatSync(fd).size;
    // Another file has taken its place: what it has is read from its start.
    if (size < this.read) this.read = 0;
    const bytes = Buffer.alloc(size - this.read);
    const got = readSync(fd, bytes, 0, bytes.length, this.read);
    const text = bytes.toString('utf8', 0, got);
    if (this.read === 0 && text !== '' && !text.startsWith(HEAD)) {
      this.readFirstForm(text);
      return false;
    }
    this.rewrite = false;
    const end = text.lastIndexOf('\n') + 1;
    for (const row of text
      .slice(0, end)
      .split('\n')
      .slice(this.read === 0 ? 1 : 0))
      this.take(row);
    this.read += Buffer.byteLength(text.slice(0, end));
    return end < text.length;
  }

  private take(row: string): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(row);
    } catch {
      // Empty, or cut off by a crash.
      return;
    }
    const entry = line.safeParse(parsed);
    if (entry.success) this.accept(entry.data[0], entry.data[1]);
  }

  private accept(key: string, v: Stored): void {
    if (this.timings.has(key) && !this.added.delete(key)) return;
    this.timings.set(
      key,
      typeof v === 'string' ? { ok: false, error: v } : { ok: true, min: v[0], median: v[1], max: v[2] },
    );
  }

  private readFirstForm(text: string): void {
    let entries: Record<string, Stored>;
    try {
      entries = firstForm.parse(JSON.parse(text)).entries;
    } catch {
      throw new TimingCacheError(
        `${this.path} is not a timing cache of this version: name another file, or delete it if it was one`,
      );
    }
    for (const [key, v] of Object.entries(entries)) this.accept(key, v);
    this.rewrite = true;
  }
}

const reason = (e: unknown, path: string): string =>
  systemSentence(e, path) ?? (e instanceof Error ? e.message : String(e));
