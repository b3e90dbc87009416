import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { toNumbers } from '../../ir/tensor.ts';
import type { Tensor } from '../../runtime.ts';
import { readNpy } from './npy.ts';
import { DataError } from './source.ts';

/** Labels by position, or by sample name. */
export interface Labels {
  readonly list: readonly number[] | null;
  readonly byName: ReadonlyMap<string, number> | null;
}

const whole = (x: number): boolean => Number.isInteger(x) && x >= 0;

export function labelList(t: Tensor, name: string): number[] {
  const list = toNumbers(t);
  if (!list.every(whole)) throw new DataError(`${name} holds labels that are not whole numbers from 0`);
  return list;
}

/** A .npy of integers, or text: a number per line in the order of the samples, or "name,number" per line. */
export function readLabels(path: string): Labels {
  const name = basename(path);
  if (extname(path).toLowerCase() === '.npy') return { list: labelList(readNpy(path), name), byName: null };
  const lines = readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .map((l) => l.trim())
    .filter((l) => l !== '');
  if (lines.every((l) => /^\d+$/.test(l))) return { list: lines.map(Number), byName: null };
  const byName = new Map<string, number>();
  lines.forEach((line, i) => {
    const m = /^(.*?)[\s,;]+(\d+)$/.exec(line);
    if (m) byName.set(m[1]!, Number(m[2]));
    else if (i > 0) throw new DataError(`${name}, line ${i + 1}: a number, or NAME,NUMBER, is expected`);
  });
  return { list: null, byName };
}
