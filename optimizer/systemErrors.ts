import { dirname } from 'node:path';

/** What the codes of the operating system mean for a file that a person named. */
const MEANING: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: a part of its path is no folder',
  EISDIR: 'is a folder',
  EEXIST: 'is there already',
  EACCES: 'may not be read or written by you',
  EPERM: 'may not be read or written by you',
  EROFS: 'lies on a disk that cannot be written',
  ENOSPC: 'does not fit: its disk is full',
  ENAMETOOLONG: 'has a name that is too long',
};

/** The sentence for a failure of the file system; null for every other error. `path` is named where the error names none. */
export function systemSentence(e: unknown, path?: string): string | null {
  if (!(e instanceof Error)) return null;
  const { code, path: own } = e as NodeJS.ErrnoException;
  const meaning = code === undefined ? undefined : MEANING[code];
  if (meaning === undefined) return null;
  // Files are written beside their name and renamed: where that cannot begin, their folder is missing.
  const named = own !== undefined && code === 'ENOENT' && PARTIAL.test(own) ? dirname(own) : own;
  return `${named ?? path ?? 'a file'} ${meaning}`;
}

const PARTIAL = /\.\d+\.(part|tmp)$/;
