/** Speed of long work over its last steps: units a second, and the time left. */
export class Rate {
  private marks: { at: number; done: number }[] = [];
  private done = 0;
  private excluded = 0;

  /** Starts the clock, once: what came before (a build) is not the work's speed. */
  start(): void {
    if (this.marks.length === 0) this.marks.push({ at: this.now(), done: this.done });
  }
  add(units: number): void {
    this.done += units;
    if (this.marks.length === 0) return;
    this.marks.push({ at: this.now(), done: this.done });
    if (this.marks.length > 64) this.marks.shift();
  }
  /** Time that passed without work, a pause. */
  exclude(milliseconds: number): void {
    this.excluded += milliseconds;
  }
  get perSecond(): number | null {
    const first = this.marks[0];
    const last = this.marks.at(-1);
    return first && last && last.at > first.at ? ((last.done - first.done) * 1000) / (last.at - first.at) : null;
  }
  secondsFor(units: number): number | null {
    const rate = this.perSecond;
    return rate ? units / rate : null;
  }
  private now(): number {
    return performance.now() - this.excluded;
  }
}
