import { CycleError } from '../../ir/graph.ts';
import { InferError } from '../../ops/infer.ts';
import { OpError } from '../../ops/op.ts';
import { ImportError } from '../error.ts';
import type { ImportOptions } from '../model.ts';

/** What an importer throws, as an ImportError; a cancellation stays what it is. */
export function asImportError(e: unknown, file: string, options: ImportOptions): unknown {
  if (options.stop?.aborted) return e;
  // What reads bytes does not know whose they are.
  if (
    e instanceof ImportError &&
    e.message.startsWith(THE_FILE) &&
    (e.code === 'truncated' || e.code === 'not-a-model')
  )
    return new ImportError(e.code, `${file} ${e.message.slice(THE_FILE.length)}`);
  if (e instanceof ImportError) return e;
  if (e instanceof CycleError) return new ImportError('cyclic', `${sentence(e.message)}`);
  if (e instanceof InferError) return new ImportError('invalid-operator', sentence(e.message));
  if (e instanceof OpError) return new ImportError('bad-shape', sentence(e.message));
  // Whatever else a damaged file provokes must not look like a failure of the program.
  const error = new ImportError('not-a-model', `${file} is damaged: ${e instanceof Error ? e.message : String(e)}.`);
  error.cause = e;
  return error;
}

const THE_FILE = 'The file ';
const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
