import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userCacheDir } from '../../userCache.ts';

/*
 * Tensors whose payload is not a run of little-endian bytes (varints, unpacked fields) and too large for a literal are
 * decoded once into a file named by its content, in the user's cache: weight expressions can only refer to files. It
 * outlives the process, because engines are built, and the graph is reopened, in others; it may be deleted at any time
 * while no model is open.
 */
export function writeDecoded(bytes: Uint8Array): string {
  const folder = join(userCacheDir(), 'decoded');
  const path = join(folder, `${createHash('sha256').update(bytes).digest('hex')}.bin`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const partial = `${path}.${process.pid}.tmp`;
    writeFileSync(partial, bytes);
    renameSync(partial, path);
  }
  return path;
}
