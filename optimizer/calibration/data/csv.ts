import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import type { FileItem } from './files.ts';
import { DataError, type InputSpec } from './source.ts';

/**
 * Samples of a .csv: a column of paths per input, then optionally one of labels. A first row that names an input or
 * "label" gives the columns' order; without it they are the model's inputs in order, and a last column of whole numbers
 * is the label. Paths are relative to the .csv.
 */
export function csvItems(path: string, inputs: readonly InputSpec[]): FileItem[] {
  const name = basename(path);
  let rows: string[][];
  try {
    rows = parse(readFileSync(path), { bom: true, trim: true, skip_empty_lines: true, relax_column_count: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DataError(`${name} is not valid CSV: ${error.message}`);
  }
  const names = inputs.map((i) => i.name);
  const first = rows[0] ?? [];
  const isHeader = first.some((c) => c.toLowerCase() === 'label' || names.includes(c));
  const body = isHeader ? rows.slice(1) : rows;
  if (body.length === 0) throw new DataError(`${name} lists no samples`);
  const columns = isHeader ? columnsOf(first, names, name) : guess(first, names);
  return body.map((row, i) => {
    const line = i + (isHeader ? 2 : 1);
    const files = columns.files.map((c) => row[c] ?? '');
    if (files.includes('')) throw new DataError(`${name}, row ${line}: a path is missing`);
    const text = columns.label === null ? undefined : row[columns.label];
    if (text !== undefined && !/^\d+$/.test(text))
      throw new DataError(`${name}, row ${line}: the label "${text}" is not a whole number`);
    return {
      id: files.join(', '),
      files: files.map((f) => resolve(dirname(path), f)),
      ...(text === undefined ? {} : { label: Number(text) }),
    };
  });
}

interface Columns {
  readonly files: readonly number[];
  readonly label: number | null;
}

function columnsOf(header: readonly string[], inputs: readonly string[], name: string): Columns {
  const label = header.findIndex((c) => c.toLowerCase() === 'label');
  const others = header.flatMap((_, i) => (i === label ? [] : [i]));
  // One input needs no name: any other column is its path.
  if (others.length === 1 && inputs.length === 1) return { files: others, label: label < 0 ? null : label };
  const files = inputs.map((n) => header.indexOf(n));
  const missing = inputs.filter((_, i) => files[i]! < 0);
  const one = others.length === 1;
  if (missing.length > 0 && !one)
    throw new DataError(`${name} has no column for ${missing.map((m) => `"${m}"`).join(', ')}`);
  return { files: one ? others : files, label: label < 0 ? null : label };
}

function guess(row: readonly string[], inputs: readonly string[]): Columns {
  const labelled = row.length > 1 && /^\d+$/.test(row[row.length - 1]!);
  const count = row.length - (labelled ? 1 : 0);
  // A single column may be .npz files with all inputs.
  const files = Array.from({ length: Math.min(count, inputs.length) }, (_, i) => i);
  return { files, label: labelled ? row.length - 1 : null };
}
