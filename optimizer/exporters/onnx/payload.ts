import { closeSync, openSync, readSync } from 'node:fs';
import { byteLength } from '../../ir/dtype.ts';
import type { WeightFile } from '../../ir/graph.ts';
import { countOf } from '../../ir/tensor.ts';
import type { WeightExpr } from '../../ir/weight.ts';
import { ExportError } from './emit.ts';

const CHUNK = 4 * 1024 * 1024;

export const weightBytes = (w: WeightExpr): number => byteLength(w.dtype, countOf(w.shape));

/** Writes a weight's bytes: runs of files are copied in pieces, everything else is evaluated natively. */
export async function writeWeight(
  w: WeightExpr,
  files: readonly WeightFile[],
  evaluate: (w: WeightExpr) => Promise<Uint8Array>,
  put: (bytes: Uint8Array) => void,
): Promise<void> {
  if (w.kind === 'reshape') return writeWeight(w.input, files, evaluate, put);
  if (w.kind === 'literal') {
    put(w.value.bytes);
    return;
  }
  if (w.kind === 'file') {
    copyRange(files[w.file]!.path, w.offset, w.length, put);
    return;
  }
  const bytes = await evaluate(w);
  if (bytes.length !== weightBytes(w)) {
    throw new ExportError(
      `A weight of ${w.dtype} ${w.shape.join('×')} came out as ${bytes.length} bytes instead of ${weightBytes(w)}.`,
    );
  }
  put(bytes);
}

function copyRange(path: string, offset: number, length: number, put: (bytes: Uint8Array) => void): void {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    throw new ExportError(`The weights cannot be read again: ${path} is gone.`);
  }
  try {
    const chunk = new Uint8Array(Math.min(CHUNK, length));
    for (let done = 0; done < length; ) {
      const n = readSync(fd, chunk, 0, Math.min(chunk.length, length - done), offset + done);
      if (n === 0) throw new ExportError(`The weights cannot be read again: ${path} has become shorter.`);
      put(chunk.subarray(0, n));
      done += n;
    }
  } finally {
    closeSync(fd);
  }
}
