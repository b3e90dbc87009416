import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app } from 'electron';
import * as z from 'zod';
import type { RecentFile } from '../ipc/shell.ts';

const LIMIT = 12;
const here = path.dirname(fileURLToPath(import.meta.url));
const dataFile = (name: string): string => path.join(app.getPath('userData'), name);

function write(name: string, text: string): void {
  mkdirSync(app.getPath('userData'), { recursive: true });
  const to = dataFile(name);
  writeFileSync(`${to}.new`, text);
  renameSync(`${to}.new`, to);
}

function recentPaths(): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(readFileSync(dataFile('recent.json'), 'utf8')));
  } catch {
    return [];
  }
}

const fileEntry = (p: string): RecentFile => ({ path: p, name: path.basename(p), bytes: statSync(p).size });

/** Newest first; files that are gone are left out. */
export const recentFiles = (): RecentFile[] =>
  recentPaths()
    .filter((p) => existsSync(p))
    .map(fileEntry);

export function addRecent(p: string): void {
  write('recent.json', JSON.stringify([p, ...recentPaths().filter((q) => q !== p)].slice(0, LIMIT)));
  app.addRecentDocument(p);
}

/** Models that come with the studio. */
export function sampleModels(): RecentFile[] {
  const dir = path.join(here, '../../assets/models');
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((f) => f.endsWith('.onnx'))
    .sort()
    .map((f) => fileEntry(path.join(dir, f)));
}

export const saveSession = (text: string): void => write('session.json', text);
/** After a window was closed on purpose nothing is to be reopened. */
export const clearSession = (): void => rmSync(dataFile('session.json'), { force: true });
export function loadSession(): string | null {
  try {
    return readFileSync(dataFile('session.json'), 'utf8');
  } catch {
    return null;
  }
}
