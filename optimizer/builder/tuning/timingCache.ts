import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';

/** What timing one tactic on one layer gave: integer nanoseconds, or why it failed. */
export type Timing =
  | { readonly ok: true; readonly min: number; readonly median: number; readonly max: number }
  | { readonly ok: false; readonly error: string };

const ns = z.number().int().nonnegative();
const fileSchema = z.object({
  format: z.literal('sinter-timing-cache'),
  version: z.literal(1),
  entries: z.record(z.string(), z.union([z.tuple([ns, ns, ns]), z.string()])),
});
type Entries = z.infer<typeof fileSchema>['entries'];

/** A timing cache file that cannot be used, in one sentence. */
export class TimingCacheError extends Error {
  override readonly name = 'TimingCacheError';
}

/**
 * Timings by key (device, kernels, threads, layer and tactic: see PlanTuner), kept in a JSON file or, without a path, in
 * memory. The file is what makes a second build free and equal byte for byte.
 */
export class TimingCache {
  readonly path: string | null;
  private readonly timings = new Map<string, Timing>();
  private changed = false;

  private constructor(path: string | null) {
    this.path = path;
  }

  static inMemory(): TimingCache {
    return new TimingCache(null);
  }

  /** Opens a cache file; one that does not exist yet is empty. Throws TimingCacheError when it is something else. */
  static open(path: string): TimingCache {
    const cache = new TimingCache(path);
    cache.merge(read(path));
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
    this.changed = true;
  }

  /** Writes what is new, together with what others wrote to the file meanwhile; their timings of the same key stay. */
  save(): void {
    if (!this.path || !this.changed) return;
    this.merge(read(this.path));
    const entries: Entries = {};
    for (const key of [...this.timings.keys()].sort()) {
      const t = this.timings.get(key)!;
      entries[key] = t.ok ? [t.min, t.median, t.max] : t.error;
    }
    mkdirSync(dirname(this.path), { recursive: true });
    const staged = `${this.path}.${process.pid}.part`;
    try {
      writeFileSync(staged, lines(entries));
      renameSync(staged, this.path);
    } catch (e) {
      rmSync(staged, { force: true });
      throw new TimingCacheError(`the timing cache ${this.path} cannot be written (${(e as Error).message})`);
    }
    this.changed = false;
  }

  private merge(entries: Entries): void {
    for (const [key, v] of Object.entries(entries)) {
      const timing: Timing =
        typeof v === 'string' ? { ok: false, error: v } : { ok: true, min: v[0], median: v[1], max: v[2] };
      this.timings.set(key, timing);
    }
  }
}

function read(path: string): Entries {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new TimingCacheError(`the timing cache ${path} cannot be read (${(e as Error).message})`);
  }
  try {
    return fileSchema.parse(JSON.parse(text)).entries;
  } catch {
    throw new TimingCacheError(`${path} is not a timing cache of this version; delete it, or name another file`);
  }
}

/** One entry a line: caches are compared with line tools. */
function lines(entries: Entries): string {
  const rows = Object.entries(entries).map(([key, v]) => `  ${JSON.stringify(key)}: ${JSON.stringify(v)}`);
  return `{"format": "sinter-timing-cache", "version": 1, "entries": {\n${rows.join(',\n')}\n}}\n`;
}
