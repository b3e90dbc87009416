import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { EngineFileError } from './check.ts';
import type { EngineMessage } from './messages.ts';
import { decodeEngine } from './schema.ts';

/** First bytes of every .sinter file; see docs/engine-format.md. */
export const MAGIC = Buffer.from('SINTER\0\x01', 'latin1');
export const PREAMBLE = 64;

export interface EngineFile {
  readonly header: EngineMessage;
  readonly fileBytes: number;
  readonly headerBytes: number;
  readonly blobBytes: number;
}

export function isEngineFile(path: string): boolean {
  // Models may be folders.
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return false;
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(MAGIC.length);
    return readSync(fd, head, 0, MAGIC.length, 0) === MAGIC.length && head.equals(MAGIC);
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads and checks an engine's header without the native runtime; the weight blob is measured, and read only to `verify`
 * its checksum.
 */
export function readEngineFile(path: string, options: { verify?: boolean } = {}): EngineFile {
  const fd = openSync(path, 'r');
  try {
    const fileBytes = fstatSync(fd).size;
    const head = Buffer.alloc(PREAMBLE);
    if (readSync(fd, head, 0, PREAMBLE, 0) < PREAMBLE || !head.subarray(0, 8).equals(MAGIC)) {
      throw new EngineFileError(`${path} is not a .sinter engine`);
    }
    const format = head.readUInt32LE(8);
    if (format !== 1) throw new EngineFileError(`${path} has engine format ${format}; this version reads format 1`);
    const headerLength = Number(head.readBigUInt64LE(16));
    const blobOffset = Number(head.readBigUInt64LE(24));
    const blobBytes = Number(head.readBigUInt64LE(32));
    if (PREAMBLE + headerLength > fileBytes || blobOffset + blobBytes > fileBytes) {
      throw new EngineFileError(`${path} is cut short: ${blobOffset + blobBytes} bytes expected, ${fileBytes} present`);
    }
    const bytes = Buffer.alloc(headerLength);
    readSync(fd, bytes, 0, headerLength, PREAMBLE);
    if (crc32(bytes) !== head.readUInt32LE(40))
      throw new EngineFileError(`${path} is damaged: the header's checksum does not match`);
    if (options.verify && crcOf(fd, blobOffset, blobBytes) !== head.readUInt32LE(44)) {
      throw new EngineFileError(`${path} is damaged: the weights' checksum does not match`);
    }
    return { header: headerOf(path, bytes), fileBytes, headerBytes: headerLength, blobBytes };
  } finally {
    closeSync(fd);
  }
}

function headerOf(path: string, bytes: Uint8Array): EngineMessage {
  try {
    return decodeEngine(bytes);
  } catch (e) {
    throw e instanceof EngineFileError ? new EngineFileError(`${path} is damaged: ${e.message}`) : e;
  }
}

function crcOf(fd: number, offset: number, length: number): number {
  const chunk = Buffer.alloc(4 << 20);
  let crc = 0;
  for (let at = 0; at < length; ) {
    const n = readSync(fd, chunk, 0, Math.min(chunk.length, length - at), offset + at);
    if (n === 0) break;
    crc = crc32(chunk.subarray(0, n), crc);
    at += n;
  }
  return crc;
}
