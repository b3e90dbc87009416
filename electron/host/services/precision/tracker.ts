import { setTimeout as sleep } from 'node:timers/promises';
import type { CalibrationProgress } from '../../../../optimizer/builder/calibrate.ts';
import type { RangeEntry } from '../../../../optimizer/calibration/rangeTable.ts';

/** Share of the thread that watching may take. */
const DUTY = 0.25;
const POINTS = 400;
/** A round over so many tensors is soon done: none goes first. */
const SMALL = 40;

/** Between two points of the convergence. */
const POINT_MS = 400;

interface Point {
  readonly at: number;
  readonly largest: number;
  readonly middle: number;
}

/**
 * Follows a running calibration: tensor after tensor, round and round, it takes the histogram and lets the algorithm choose a
 * threshold, and notes how far each threshold moved since it was looked at before. It works between the calibration's own
 * steps and rests most of the time.
 */
export class Tracker {
  readonly names: readonly string[];
  readonly latest = new Map<string, RangeEntry>();
  problems: CalibrationProgress['problems'] = [];
  points: readonly Point[] = [];
  private readonly wanted = new Set<string>();
  private readonly moved = new Map<string, number>();
  private readonly seenAt = new Map<string, number>();
  private progress: CalibrationProgress | null = null;
  private ended = false;
  private noted = 0;

  constructor(names: readonly string[]) {
    this.names = names;
  }

  see(progress: CalibrationProgress): void {
    this.problems = progress.problems;
    const first = this.progress === null;
    this.progress = progress;
    // What is only watched must not end what is watched.
    if (first) this.follow().catch(() => this.end());
  }
  /** Tensors somebody looks at: they are brought up to date first. */
  want(names: readonly string[]): void {
    for (const n of names) this.wanted.add(n);
  }
  end(): void {
    this.ended = true;
  }

  private async follow(): Promise<void> {
    while (!this.ended) {
      const at = this.progress!.done;
      for (const name of this.names) {
        const [asked] = this.names.length > SMALL ? this.wanted : [];
        if (asked !== undefined) await this.look(asked);
        await this.look(name);
        if (this.ended) return;
        this.note();
      }
      // Nothing new until the next batch.
      while (!this.ended && this.progress!.done === at) await sleep(20);
    }
  }

  private async look(name: string): Promise<void> {
    this.wanted.delete(name);
    const { done } = this.progress!;
    const before = this.latest.get(name);
    if (this.seenAt.get(name) === done) return;
    const started = performance.now();
    const [entry] = this.progress!.live(new Set([name])).entries;
    if (entry) {
      this.latest.set(name, entry);
      this.seenAt.set(name, done);
      if (before) this.moved.set(name, entry.amax > 0 ? Math.abs(entry.amax - before.amax) / entry.amax : 0);
    }
    await sleep(Math.min(200, ((performance.now() - started) * (1 - DUTY)) / DUTY));
  }

  /** A point of the convergence, from the last movement of every tensor that was looked at twice. */
  private note(): void {
    const at = this.progress!.done;
    const now = performance.now();
    if (this.moved.size === 0 || now - this.noted < POINT_MS || at === this.points.at(-1)?.at) return;
    this.noted = now;
    const moved = [...this.moved.values()].sort((a, b) => a - b);
    const point = { at, largest: moved.at(-1) ?? 0, middle: moved[moved.length >> 1] ?? 0 };
    this.points = [...this.points, point].slice(-POINTS);
  }
}
