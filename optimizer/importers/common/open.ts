import { openSync, statSync } from 'node:fs';
import { ImportError } from '../error.ts';
import type { ImportOptions } from '../model.ts';

/** Opens a model file for reading; an ImportError says what is wrong with it. */
export function openModel(file: string): number {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(file);
  } catch {
    throw new ImportError('not-found', `There is no file ${file}.`);
  }
  if (!stat.isFile())
    throw new ImportError(
      'not-a-model',
      `${file} is ${stat.isDirectory() ? 'a folder' : 'a device'}, not a model file.`,
    );
  if (stat.size === 0) throw new ImportError('not-a-model', `${file} is empty.`);
  try {
    return openSync(file, 'r');
  } catch {
    throw new ImportError('not-found', `${file} cannot be read; check its permissions.`);
  }
}

/** Lets other work, a cancellation for one, happen between the phases. */
export async function yieldTo(options: ImportOptions): Promise<void> {
  await new Promise((done) => setImmediate(done));
  options.stop?.throwIfAborted();
}
