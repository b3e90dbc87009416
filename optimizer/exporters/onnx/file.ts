import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { systemSentence } from '../../systemErrors.ts';
import { ExportError } from './emit.ts';

/** A file that appears under its name only when it is complete. */
export class AtomicFile {
  readonly path: string;
  size = 0;
  private readonly partial: string;
  private readonly fd: number;
  private open = true;

  constructor(path: string) {
    this.path = path;
    this.partial = `${path}.${process.pid}.tmp`;
    try {
      this.fd = openSync(this.partial, 'w');
    } catch (e) {
      const why = systemSentence(e) ?? (e instanceof Error ? e.message : String(e));
      throw new ExportError(`${path} cannot be written: ${why}.`);
    }
  }

  put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
    this.size += bytes.length;
  }

  padTo(offset: number): void {
    if (offset > this.size) this.put(new Uint8Array(offset - this.size));
  }

  commit(): void {
    this.close();
    renameSync(this.partial, this.path);
  }

  discard(): void {
    this.close();
    rmSync(this.partial, { force: true });
  }

  private close(): void {
    if (this.open) closeSync(this.fd);
    this.open = false;
  }
}
