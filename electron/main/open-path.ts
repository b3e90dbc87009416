import { existsSync } from 'node:fs';
import path from 'node:path';

/** File kinds that the studio opens from its command line, by drop and by double click. */
export const OPENS = ['.onnx', '.sinterproj', '.sinterprofile', '.prototxt', '.caffemodel', '.pb'];

/** The first argument that names an existing file of a kind the studio opens; null when there is none. */
export function modelPathIn(argv: readonly string[], cwd: string): string | null {
  for (const arg of argv) {
    if (arg.startsWith('-') || !OPENS.includes(path.extname(arg).toLowerCase())) continue;
    const full = path.resolve(cwd, arg);
    if (existsSync(full)) return full;
  }
  return null;
}
