import { readdirSync } from 'node:fs';
import { basename, extname, join, relative, sep } from 'node:path';
import { type FileItem, RAW_EXTENSIONS } from './files.ts';
import { isIdxName } from './idx.ts';
import { IMAGE_EXTENSIONS } from './image.ts';
import { DataError } from './source.ts';

export type FileKind = 'image' | 'npy' | 'npz' | 'raw' | 'idx' | 'csv';

/** What a file is by its name; null for files that are no data. */
export function kindOf(name: string): FileKind | null {
  const extension = extname(name).toLowerCase();
  if (IMAGE_EXTENSIONS.has(extension)) return 'image';
  if (extension === '.npy') return 'npy';
  if (extension === '.npz') return 'npz';
  if (extension === '.csv') return 'csv';
  if (isIdxName(name)) return 'idx';
  return RAW_EXTENSIONS.has(extension) ? 'raw' : null;
}

export interface Folder {
  readonly kind: FileKind;
  readonly items: readonly FileItem[];
}

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function* filesUnder(dir: string): Generator<string> {
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    if (e.name.startsWith('.')) continue;
    const path = join(dir, e.name);
    if (e.isDirectory()) yield* filesUnder(path);
    else if (e.isFile() || e.isSymbolicLink()) yield path;
  }
}

/**
 * The samples of a folder and its subfolders, in the order of their paths' code units. When every file lies in a
 * subfolder, these are classes: labelled by their own numbers when all are numbers, else by their place in the order.
 */
export function readFolder(dir: string): Folder {
  const name = basename(dir);
  const byKind = new Map<FileKind, string[]>();
  for (const path of filesUnder(dir)) {
    const kind = kindOf(basename(path));
    if (kind && kind !== 'csv') byKind.set(kind, [...(byKind.get(kind) ?? []), path]);
  }
  const kinds = [...byKind.keys()].sort(byCode);
  if (kinds.length === 0)
    throw new DataError(
      `${name} holds no samples: images, .npy, .npz, .bin or IDX files are looked for, in subfolders too`,
    );
  if (kinds.length > 1)
    throw new DataError(
      `${name} mixes ${kinds.map((k) => `${byKind.get(k)!.length} ${k}`).join(' and ')} files; use a folder with one kind, or a .csv that lists the samples`,
    );
  const kind = kinds[0]!;
  const paths = byKind
    .get(kind)!
    .map((p) => ({ path: p, id: relative(dir, p).split(sep).join('/') }))
    .sort((a, b) => byCode(a.id, b.id));
  const classOf = (id: string): string => id.split('/')[0]!;
  const classed = paths.every((p) => p.id.includes('/'));
  const classes = [...new Set(paths.map((p) => classOf(p.id)))].sort(byCode);
  const numbered = classes.every((c) => /^\d+$/.test(c));
  const labelOf = (id: string): number => (numbered ? Number(classOf(id)) : classes.indexOf(classOf(id)));
  return {
    kind,
    items: paths.map(({ path, id }) => ({ id, files: [path], ...(classed ? { label: labelOf(id) } : {}) })),
  };
}
