import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import { ImportError } from '../error.ts';
import type { TensorProto } from './messages.ts';

export interface ExternalRange {
  readonly path: string;
  readonly fileSize: number;
  readonly offset: number;
  readonly length: number;
}

/** Where a tensor's bytes lie outside the model file. Only files in the model's folder (links resolved) may be named. */
export function externalRange(t: TensorProto, folder: string, bytes: number): ExternalRange {
  const entry = (key: string): string | undefined => t.externalData.find((e) => e.key === key)?.value;
  const location = entry('location');
  if (!location)
    throw new ImportError('bad-tensor', `Tensor "${t.name}" is said to lie outside the model, but not in which file.`);
  const outside = new ImportError(
    'external-data-outside',
    `Tensor "${t.name}" refers to "${location}", which is not inside the model's folder; such files are not read.`,
  );
  if (isAbsolute(location) || /^[a-z]:/i.test(location) || location.split(/[\\/]/).includes('..')) throw outside;
  let path: string;
  try {
    path = realpathSync(join(folder, location));
  } catch {
    throw new ImportError(
      'missing-external-data',
      `The weights file "${location}" that tensor "${t.name}" refers to is missing; it must lie beside the model.`,
    );
  }
  const base = realpathSync(folder);
  if (path !== base && !path.startsWith(base.endsWith(sep) ? base : base + sep)) throw outside;
  const stat = statSync(path);
  if (!stat.isFile())
    throw new ImportError('missing-external-data', `"${location}", named by tensor "${t.name}", is not a file.`);
  const number = (key: string, fallback: number): number => {
    const text = entry(key);
    const v = text === undefined ? fallback : Number(text);
    if (!Number.isSafeInteger(v) || v < 0)
      throw new ImportError(
        'bad-tensor',
        `Tensor "${t.name}" has the ${key} "${text}", which is not a number of bytes.`,
      );
    return v;
  };
  const offset = number('offset', 0);
  const length = number('length', bytes);
  if (length !== bytes) {
    throw new ImportError(
      'bad-tensor',
      `Tensor "${t.name}" needs ${bytes} bytes, but its entry in "${location}" has ${length}.`,
    );
  }
  if (offset + bytes > stat.size) {
    throw new ImportError(
      'truncated',
      `Tensor "${t.name}" ends at byte ${offset + bytes} of "${location}", which has only ${stat.size}.`,
    );
  }
  return { path, fileSize: stat.size, offset, length: bytes };
}
