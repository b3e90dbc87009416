import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type EngineTimes, type Measurement, type MeasurePolicy, RuntimeFailure } from '../../optimizer/runtime.ts';

/** What is to be timed; see NativeRuntime.measure. */
export interface MeasureRequest {
  readonly device: string;
  readonly layer: Uint8Array;
  readonly tactics: readonly string[];
  readonly threads: number;
  readonly policy: MeasurePolicy;
}

/** Runs before timing, and timed runs. */
export interface EnginePolicy {
  readonly warmup: number;
  readonly runs: number;
}

/** A tuner that has nothing to do gives its memory back after this long. */
const IDLE_MS = 3000;

/** No tactic that is worth timing takes this long: its kernel waits for something that never comes. */
const HUNG_MS = 120_000;

/**
 * Times tactics in a process of its own (native/tuner): what a kernel does to its process, or to the graphics card, stays
 * there. The process is started when first needed, takes one request after the other, and is replaced when it dies: the
 * tactic that was running counts as failed, the others are timed by its successor.
 */
export class Tuner {
  private readonly program: string;
  private readonly hungMs: number;
  private child: ChildProcessWithoutNullStreams | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private idle: NodeJS.Timeout | null = null;

  /** `program`: the executable that the native build puts beside the addon; `hungMs`: when a tactic is given up. */
  constructor(program: string, hungMs = HUNG_MS) {
    this.program = program;
    this.hungMs = hungMs;
  }

  measure(request: MeasureRequest, stop: AbortSignal): Promise<Measurement[]> {
    return this.queued(() => this.run(request, stop));
  }

  /** Times a whole engine, on one stream and on those of its plan. */
  timeEngine(path: string, threads: number, policy: EnginePolicy, stop: AbortSignal): Promise<EngineTimes> {
    return this.queued(async () => {
      const results: Measurement[] = [];
      await this.attempt(Buffer.from(`engine ${threads} ${policy.warmup} ${policy.runs}\n${path}\n`), results, stop);
      const [oneStream, allStreams] = results;
      if (oneStream && allStreams) return { oneStream, allStreams };
      throw new RuntimeFailure(results[0]?.error ?? 'the engine was not timed', 'tuner');
    });
  }

  private queued<T>(work: () => Promise<T>): Promise<T> {
    const run = this.queue.then(work);
    this.queue = run.catch(() => {});
    return run;
  }

  private async run(request: MeasureRequest, stop: AbortSignal): Promise<Measurement[]> {
    const results: Measurement[] = [];
    while (results.length < request.tactics.length) {
      const rest = request.tactics.slice(results.length);
      await this.attempt(encode({ ...request, tactics: rest }), results, stop);
    }
    return results;
  }

  /** One request to one process; returns early, with one more result at least, when that process dies. */
  private attempt(request: Buffer, results: Measurement[], stop: AbortSignal): Promise<void> {
    const child = this.start();
    const before = results.length;
    return new Promise((resolve, reject) => {
      const lines = createInterface({ input: child.stdout });
      let running: string | null = null;
      let watch: NodeJS.Timeout | undefined;
      let hung = false;
      const settle = (finish: () => void): void => {
        clearTimeout(watch);
        lines.close();
        child.off('exit', died);
        child.off('error', missing);
        stop.removeEventListener('abort', aborted);
        this.rest();
        finish();
      };
      const fail = (message: string, code: string): void => settle(() => reject(new RuntimeFailure(message, code)));
      const aborted = (): void => {
        this.kill();
        fail('stopped', 'stopped');
      };
      const died = (code: number | null, signal: string | null): void => {
        this.child = null;
        const how = signal ?? `exit code ${code}`;
        const end = hung ? `it did not end within ${this.hungMs / 1000} seconds` : `it ended the tuner (${how})`;
        // It ends itself after a tactic that has left the device unusable.
        if (running === null && results.length > before) return settle(resolve);
        if (running === null) return fail(`the tuner ended before it timed anything (${how})`, 'tuner');
        results.push({ tactic: running, ok: false, error: end, min: 0, median: 0, max: 0 });
        settle(resolve);
      };
      const missing = (e: Error): void => {
        this.child = null;
        fail(
          `the tuner ${this.program} cannot be started (${e.message}); build it with: npm run build:native`,
          'tuner',
        );
      };
      child.on('exit', died);
      child.on('error', missing);
      stop.addEventListener('abort', aborted, { once: true });
      if (stop.aborted) return aborted();
      lines.on('line', (line) => {
        const [word, rest] = split(line);
        clearTimeout(watch);
        if (word === 'start') {
          watch = setTimeout(() => {
            hung = true;
            this.kill();
          }, this.hungMs);
        }
        if (word === 'start') running = rest;
        else if (word === 'time' && running !== null) {
          const [min, median, max] = rest.split(' ').map(Number) as [number, number, number];
          results.push({ tactic: running, ok: true, error: '', min, median, max });
          running = null;
        } else if (word === 'fail' && running !== null) {
          results.push({ tactic: running, ok: false, error: rest, min: 0, median: 0, max: 0 });
          running = null;
        } else if (word === 'end') settle(resolve);
        else if (word === 'error') fail(rest, 'tuner');
      });
      child.stdin.write(request);
    });
  }

  private start(): ChildProcessWithoutNullStreams {
    if (this.idle) clearTimeout(this.idle);
    if (!this.child) {
      // What crashes there ends nothing of ours: no last words are to be kept.
      const { SINTER_CRASH_NOTE: _, ...env } = process.env;
      this.child = spawn(this.program, [], { stdio: ['pipe', 'pipe', 'pipe'], env });
      // Nobody reads these; a full pipe would stop the tuner, a closed one must not stop us.
      this.child.stderr.resume();
      this.child.stdin.on('error', () => {});
    }
    hold(this.child, true);
    return this.child;
  }

  /** Between requests the tuner does not keep the program alive. */
  private rest(): void {
    if (!this.child) return;
    hold(this.child, false);
    this.idle = setTimeout(() => this.kill(), IDLE_MS);
    this.idle.unref();
  }

  private kill(): void {
    this.child?.kill('SIGKILL');
    this.child = null;
  }
}

function hold(child: ChildProcessWithoutNullStreams, alive: boolean): void {
  const handles = [child, child.stdin, child.stdout, child.stderr] as unknown as { ref(): void; unref(): void }[];
  for (const h of handles) alive ? h.ref() : h.unref();
}

function split(line: string): [string, string] {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function encode({ device, layer, tactics, threads, policy: p }: MeasureRequest): Buffer {
  const { warmup, least, most, budget, hopeless, rotation } = p;
  const words = ['measure', device, threads, warmup, least, most, budget, hopeless, rotation];
  const head = [[...words, tactics.length, layer.byteLength].join(' '), ...tactics].join('\n');
  return Buffer.concat([Buffer.from(`${head}\n`), layer]);
}
