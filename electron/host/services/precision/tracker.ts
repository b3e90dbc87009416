import { setTimeout as sleep } from 'node:timers/promises';
import type { CalibrationProgress } from '../../../../optimizer/builder/calibrate.ts';
import type { RangeEntry } from '../../../../optimizer/calibration/rangeTable.ts';

/** Share of the thread that watching may take. */
const DUTY = 0.15;
const POINTS = 400;

interface Point {
  readonly at: number;
  readonly largest: number;
  readonly middle: number;
}

/**
 * Follows a running calibration: tensor after tensor it takes the histogram and lets the algorithm choose a threshold, and
 * after each round over all of them notes how far the thresholds moved since the round before. It works between the
 * calibration's own steps and rests most of the time.
 */
export class Tracker {
  readonly names: readonly string[];
  readonly latest = new Map<string, RangeEntry>();
  problems: CalibrationProgress['problems'] = [];
  points: readonly Point[] = [];
  private readonly wanted = new Set<string>();
  private progress: CalibrationProgress | null = null;
  private ended = false;

  constructor(names: readonly string[]) {
    this.names = names;
  }

  see(progress: CalibrationProgress): void {
    this.problems = progress.problems;
    const first = this.progress === null;
    this.progress = progress;
    if (first) void this.follow();
  }
  /** Tensors somebody looks at: they are brought up to date first. */
  want(names: readonly string[]): void {
    for (const n of names) this.wanted.add(n);
  }
  end(): void {
    this.ended = true;
  }

  private async follow(): Promise<void> {
    let before = new Map<string, number>();
    while (!this.ended) {
      const at = this.progress!.done;
      const now = new Map<string, number>();
      for (const name of this.names) {
        for (const n of [...this.wanted].slice(0, 4)) await this.look(n);
        await this.look(name);
        if (this.ended) return;
        now.set(name, this.latest.get(name)?.amax ?? 0);
      }
      if (at > (this.points.at(-1)?.at ?? 0)) {
        if (before.size > 0) this.note(at, before, now);
        before = now;
      }
      // Nothing new until the next batch.
      while (!this.ended && this.progress!.done === at) await sleep(20);
    }
  }

  private async look(name: string): Promise<void> {
    this.wanted.delete(name);
    const started = performance.now();
    const [entry] = this.progress!.live(new Set([name])).entries;
    if (entry) this.latest.set(name, entry);
    await sleep(Math.min(200, ((performance.now() - started) * (1 - DUTY)) / DUTY));
  }

  private note(at: number, before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): void {
    const moved = [...now]
      .map(([name, amax]) => (amax > 0 ? Math.abs(amax - (before.get(name) ?? 0)) / amax : 0))
      .sort((a, b) => a - b);
    const point = { at, largest: moved.at(-1) ?? 0, middle: moved[moved.length >> 1] ?? 0 };
    this.points = [...this.points, point].slice(-POINTS);
  }
}
