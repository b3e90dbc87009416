/** A one-line progress display on a terminal's stderr; silent when stderr is not a terminal. */
export class Progress {
  private last = 0;
  private readonly tty = process.stderr.isTTY === true;
  private readonly started = Date.now();

  show(phase: string, done: number, total: number, note = ''): void {
    const now = Date.now();
    if (!this.tty || (now - this.last < 100 && done < total)) return;
    this.last = now;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const bar = '█'.repeat(Math.round(share * 24)).padEnd(24, '░');
    const seconds = ((now - this.started) / 1000).toFixed(1);
    const line = `${phase.padEnd(9)} ${bar} ${String(Math.round(share * 100)).padStart(3)}%  ${seconds} s  ${note}`;
    process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }

  clear(): void {
    if (this.tty) process.stderr.write('\r\x1b[2K');
  }
}
