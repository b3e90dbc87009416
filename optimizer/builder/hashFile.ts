import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** A signal that never stops anything. */
export const never = (): AbortSignal => new AbortController().signal;

/** sha256 of a file, streamed; '' when the graph was not read from one. */
export async function hashFile(path: string | undefined, stop: AbortSignal): Promise<string> {
  if (!path) return '';
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    // Asked chunk by chunk: a signal that is polled (the studio's cancellation) raises no event.
    stop.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
