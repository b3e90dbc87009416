import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { byteLength, type DataType } from '../../ir/dtype.ts';
import { countOf } from '../../ir/tensor.ts';
import type { Tensor } from '../../runtime.ts';

/** A file that is not the .npy it should be: one sentence. */
export class NpyError extends Error {
  override readonly name = 'NpyError';
}

/** NumPy type codes, little-endian or single-byte. */
const CODES: readonly (readonly [string, DataType])[] = [
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['<f2', 'float16'],
  ['|i1', 'int8'],
  ['|u1', 'uint8'],
  ['<i2', 'int16'],
  ['<u2', 'uint16'],
  ['<i4', 'int32'],
  ['<u4', 'uint32'],
  ['<i8', 'int64'],
  ['<u8', 'uint64'],
  ['|b1', 'bool'],
];

export interface NpyHeader {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Where the data starts. */
  readonly offset: number;
}

/** The header at the start of a .npy file (format 1 to 3, C order, little-endian; the format is NumPy's NEP 1). */
export function parseNpyHeader(file: Buffer, path: string): NpyHeader {
  if (file.length < 12 || file.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw new NpyError(`${path} is not a .npy file`);
  const long = file[6]! >= 2;
  const start = long ? 12 : 10;
  const length = long ? file.readUInt32LE(8) : file.readUInt16LE(8);
  const header = file.toString('latin1', start, start + length);
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || shapeText === undefined) throw new NpyError(`${path} has a damaged .npy header`);
  if (/'fortran_order':\s*True/.test(header))
    throw new NpyError(`${path} is in Fortran order; save it with numpy.ascontiguousarray`);
  const dtype = CODES.find(([code]) => code === descr)?.[1];
  if (!dtype)
    throw new NpyError(
      `${path} holds ${descr} values, which are not supported; use one of ${CODES.map(([, t]) => t).join(', ')}`,
    );
  const shape = shapeText
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')
    .map(Number);
  if (shape.some((d) => !Number.isSafeInteger(d) || d < 0)) throw new NpyError(`${path} has a damaged .npy header`);
  return { dtype, shape, offset: start + length };
}

/** The header alone of a file of any size. */
export function readNpyHeader(path: string): NpyHeader {
  const fd = openSync(path, 'r');
  try {
    // Headers of format 2 and 3 may be long; NumPy's own are below 1 kB unless the dtype is structured.
    const head = Buffer.alloc(65536);
    return parseNpyHeader(head.subarray(0, readSync(fd, head, 0, head.length, 0)), path);
  } finally {
    closeSync(fd);
  }
}

/** Reads a whole .npy file. */
export function readNpy(path: string): Tensor {
  const file = readFileSync(path);
  const { dtype, shape, offset } = parseNpyHeader(file, path);
  const bytes = byteLength(dtype, countOf(shape));
  const body = file.subarray(offset);
  if (body.length < bytes)
    throw new NpyError(`${path} is cut short: ${bytes} bytes of data declared, ${body.length} present`);
  return { dtype, shape, bytes: new Uint8Array(body.subarray(0, bytes)) };
}

export function writeNpy(path: string, tensor: Tensor): void {
  const code = CODES.find(([, t]) => t === tensor.dtype)?.[0];
  if (!code) throw new NpyError(`a ${tensor.dtype} tensor cannot be written as .npy`);
  const shape = tensor.shape.length === 1 ? `${tensor.shape[0]},` : tensor.shape.join(', ');
  const text = `{'descr': '${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  const padded = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(padded.length, 8);
  writeFileSync(path, Buffer.concat([head, Buffer.from(padded, 'latin1'), tensor.bytes]));
}
