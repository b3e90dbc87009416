import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { ArrayFile } from './arrays.ts';
import { DataError, type InputSpec } from './source.ts';

export interface NpzFile {
  readonly arrays: ReadonlyMap<string, ArrayFile>;
  /** Removes the temporary files. */
  close(): Promise<void>;
}

/** Opens a .npz: its arrays are unpacked to temporary files, so that memory holds one sample whatever the file's size. */
export async function openNpz(path: string): Promise<NpzFile> {
  const dir = await mkdtemp(join(tmpdir(), 'sinter-npz-'));
  const close = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const arrays = new Map<string, ArrayFile>();
    const zip = await yauzl.openPromise(path);
    for await (const entry of zip.eachEntry()) {
      const to = join(dir, `${arrays.size}.npy`);
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(to));
      arrays.set(entry.fileName.replace(/\.npy$/, ''), ArrayFile.npy(to));
    }
    return { arrays, close };
  } catch (error) {
    await close();
    if (error instanceof Error && 'syscall' in error) throw error;
    throw new DataError(
      `${basename(path)} cannot be read as .npz (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

/** The only array feeds the only input, whatever it is called: np.savez calls it arr_0. */
export function forInputs(
  arrays: ReadonlyMap<string, ArrayFile>,
  inputs: readonly InputSpec[],
): ReadonlyMap<string, ArrayFile> {
  const [only] = arrays.values();
  return arrays.size === 1 && inputs.length === 1 && only ? new Map([[inputs[0]!.name, only]]) : arrays;
}
