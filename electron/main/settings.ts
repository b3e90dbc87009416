import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { app } from 'electron';
import { type Settings, settings } from '../ipc/shell.ts';

const NONE: Settings = { libraryFolders: [] };
const file = (): string => path.join(app.getPath('userData'), 'settings.json');

/** What the user has set for this machine; a file that cannot be read counts as none. */
export function loadSettings(): Settings {
  try {
    return settings.parse(JSON.parse(readFileSync(file(), 'utf8')));
  } catch {
    return NONE;
  }
}

export function saveSettings(next: Settings): void {
  mkdirSync(app.getPath('userData'), { recursive: true });
  writeFileSync(`${file()}.new`, `${JSON.stringify(next, null, 2)}\n`);
  renameSync(`${file()}.new`, file());
}

/** SINTER_CUDA_PATH for the engine host: the user's folders before what the environment says. */
export function libraryPath(folders: readonly string[], given: string | undefined): string | undefined {
  if (folders.length === 0) return given;
  // "none" finds nothing; a person who names a folder wants it looked at.
  return [...folders, ...(given === undefined || given === 'none' ? [] : [given])].join(path.delimiter);
}
