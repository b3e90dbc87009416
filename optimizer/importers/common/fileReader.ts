import { fstatSync, readSync } from 'node:fs';
import { ImportError } from '../error.ts';

const WINDOW = 64 * 1024;

/** Positional reading of a file of any size through one small window; nothing else is kept in memory. */
export class FileReader {
  readonly size: number;
  private readonly fd: number;
  private readonly window = Buffer.allocUnsafe(WINDOW);
  private start = 0;
  private end = 0;

  constructor(fd: number) {
    this.fd = fd;
    this.size = fstatSync(fd).size;
  }

  byte(at: number): number {
    if (at < this.start || at >= this.end) this.fill(at);
    return this.window[at - this.start]!;
  }

  /** A copy of `length` bytes at `at`. */
  bytes(at: number, length: number): Uint8Array {
    if (at >= this.start && at + length <= this.end) {
      return Uint8Array.prototype.slice.call(this.window, at - this.start, at - this.start + length);
    }
    const out = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const n = readSync(this.fd, out, done, length - done, at + done);
      if (n === 0) throw truncated();
      done += n;
    }
    return out;
  }

  private fill(at: number): void {
    const n = at < this.size ? readSync(this.fd, this.window, 0, WINDOW, at) : 0;
    if (n === 0) throw truncated();
    this.start = at;
    this.end = at + n;
  }
}

export const truncated = (): ImportError =>
  new ImportError('truncated', 'The file ends in the middle of the model: it is truncated.');
