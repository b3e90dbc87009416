import { createHash } from 'node:crypto';
import type { EngineTimes, Measurement, NativeRuntime } from '../../runtime.ts';
import { type LevelPolicy, levelPolicy, type TuningLevel } from './levels.ts';
import type { Timing, TimingCache } from './timingCache.ts';

/** One tactic to be timed on one layer. */
export interface Trial {
  /** Layer with concrete shapes and formats (LayerDesc message). */
  readonly desc: Uint8Array;
  readonly tactic: string;
  /** For progress: what a person calls the layer. */
  readonly layer: string;
}

/** What a build asks of auto-tuning. */
export interface Tuning {
  readonly level: TuningLevel;
  readonly cache: TimingCache;
  /** Never time anything: take what the cache holds, and estimates for the rest. */
  readonly deterministic?: boolean;
}

export interface TunerOptions extends Tuning {
  readonly runtime: NativeRuntime;
  readonly device: string;
  readonly threads: number;
  /** Tactics done of all, those from the cache included. */
  readonly onProgress?: (done: number, total: number, layer: string) => void;
  readonly stop: AbortSignal;
}

/** How a build's timings came about. */
export interface TuningCounts {
  readonly timed: number;
  readonly cached: number;
  readonly failed: number;
}

const SAVE_EVERY_MS = 2000;

/** Times the tactics of one plan, every distinct layer once, and answers from the cache what it knows. */
export class PlanTuner {
  readonly policy: LevelPolicy | null;
  private readonly o: TunerOptions;
  private readonly context: string;
  private readonly keys = new Map<string, string>();
  private counted = { timed: 0, cached: 0, failed: 0 };
  private spent = { compile: 0, time: 0, engines: 0 };

  constructor(options: TunerOptions) {
    this.o = options;
    this.policy = levelPolicy(options.level);
    const { runtime, device, threads } = options;
    const info = runtime.devices().find((d) => d.id === device);
    const facts = [info?.kind, info?.name, info?.features, runtime.version, runtime.buildId, threads];
    this.context = `${info?.kind ?? device}-${digest(JSON.stringify(facts)).slice(0, 12)}`;
  }

  get counts(): TuningCounts {
    return this.counted;
  }

  /** Spent on compiling kernels that are to be timed, on timing them, and on timing whole engines. */
  get milliseconds(): Readonly<Record<'compile' | 'time' | 'engines', number>> {
    return this.spent;
  }

  timing(desc: Uint8Array, tactic: string): Timing | undefined {
    return this.o.cache.get(this.keyOf(desc, tactic));
  }

  /** Times what the cache does not know. Throws the signal's reason when stopped; what was timed is kept. */
  async time(trials: readonly Trial[]): Promise<void> {
    const { cache, deterministic, onProgress } = this.o;
    const groups = this.missing(trials);
    const total = this.counted.cached + groups.reduce((n, g) => n + g.tactics.length, 0);
    let done = this.counted.cached;
    let saved = Date.now();
    onProgress?.(done, total, '');
    if (deterministic) return;
    const { runtime, device, stop } = this.o;
    const started = performance.now();
    await runtime.prefetch?.(
      device,
      groups.flatMap((g) => g.tactics.map((tactic) => ({ layer: g.desc, tactic }))),
      stop,
    );
    const compiled = performance.now();
    this.spent.compile += compiled - started;
    try {
      for (const group of groups) {
        onProgress?.(done, total, group.layer);
        for (const m of await this.measure(group)) this.keep(group.desc, m);
        done += group.tactics.length;
        if (Date.now() - saved > SAVE_EVERY_MS) {
          cache.save();
          saved = Date.now();
        }
      }
      onProgress?.(done, total, '');
    } finally {
      this.spent.time += performance.now() - compiled;
      cache.save();
    }
  }

  /** What is known of a whole engine, by the bytes of its header. */
  knownEngine(header: Uint8Array): { one: Timing; all: Timing } | null {
    const one = this.o.cache.get(this.keyOf(header, 'engine on one stream'));
    const all = this.o.cache.get(this.keyOf(header, 'engine on its streams'));
    return one && all ? { one, all } : null;
  }

  /** True when an engine that the cache does not know may be timed. */
  get mayTimeEngines(): boolean {
    return this.policy?.engines === true && this.o.deterministic !== true && this.o.runtime.timeEngine !== undefined;
  }

  /** Times an engine file; one that does not run is a failed timing. Throws the signal's reason when stopped. */
  async timeEngine(header: Uint8Array, path: string): Promise<void> {
    const { runtime, threads, stop, cache } = this.o;
    let times: EngineTimes;
    const started = performance.now();
    try {
      times = await runtime.timeEngine!(path, threads, ENGINE_RUNS, stop);
    } catch (e) {
      stop.throwIfAborted();
      const failed = {
        tactic: '',
        ok: false,
        error: e instanceof Error ? e.message : String(e),
        min: 0,
        median: 0,
        max: 0,
      };
      times = { oneStream: failed, allStreams: failed };
    }
    this.spent.engines += performance.now() - started;
    cache.set(this.keyOf(header, 'engine on one stream'), timingOf(times.oneStream));
    cache.set(this.keyOf(header, 'engine on its streams'), timingOf(times.allStreams));
    cache.save();
  }

  private async measure(group: TrialGroup): Promise<readonly Measurement[]> {
    const { runtime, device, threads, stop } = this.o;
    stop.throwIfAborted();
    try {
      return await runtime.measure(device, group.desc, group.tactics, threads, this.policy!.measure, stop);
    } catch (e) {
      stop.throwIfAborted();
      throw e;
    }
  }

  private keep(desc: Uint8Array, m: Measurement): void {
    this.counted.timed += 1;
    if (!m.ok) this.counted.failed += 1;
    this.o.cache.set(this.keyOf(desc, m.tactic), timingOf(m));
  }

  /** Tactics without a timing, by layer, in the order they came. */
  private missing(trials: readonly Trial[]): TrialGroup[] {
    const groups = new Map<string, TrialGroup>();
    const seen = new Set<string>();
    for (const t of trials) {
      const key = this.keyOf(t.desc, t.tactic);
      if (seen.has(key)) continue;
      seen.add(key);
      if (this.o.cache.get(key)) {
        this.counted.cached += 1;
        continue;
      }
      const layer = Buffer.from(t.desc).toString('latin1');
      const group = groups.get(layer) ?? { desc: t.desc, layer: t.layer, tactics: [] };
      group.tactics.push(t.tactic);
      groups.set(layer, group);
    }
    return [...groups.values()];
  }

  private keyOf(desc: Uint8Array, tactic: string): string {
    const layer = Buffer.from(desc).toString('latin1');
    let known = this.keys.get(layer);
    if (known === undefined) this.keys.set(layer, (known = digest(desc).slice(0, 16)));
    return `${this.context}/${tactic}/${known}`;
  }
}

/** Whole runs vary more than kernels that are timed by the dozen. */
const ENGINE_RUNS = { warmup: 20, runs: 60 };

const timingOf = (m: Measurement): Timing =>
  m.ok ? { ok: true, min: m.min, median: m.median, max: m.max } : { ok: false, error: m.error || 'it failed' };

interface TrialGroup {
  readonly desc: Uint8Array;
  readonly layer: string;
  readonly tactics: string[];
}

const digest = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
