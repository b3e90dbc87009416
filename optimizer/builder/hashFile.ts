import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A signal that never stops anything. */
export const never = (): AbortSignal => new AbortController().signal;

/** sha256 of a model: of a file, or of what identifies a SavedModel folder (its graph and its table of weights' checksums). */
export async function hashModel(path: string, stop: AbortSignal): Promise<string> {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return hashFile(path, stop);
  const parts = ['saved_model.pb', 'variables/variables.index', 'model.json']
    .map((p) => join(path, p))
    .filter((p) => existsSync(p));
  const hashes = await Promise.all(parts.map((p) => hashFile(p, stop)));
  return createHash('sha256').update(hashes.join()).digest('hex');
}

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
