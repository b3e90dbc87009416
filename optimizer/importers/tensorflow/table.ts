import type { FileReader } from '../common/fileReader.ts';
import { ImportError } from '../error.ts';

/* Sorted string tables in LevelDB's format, which checkpoint indices use: blocks of prefix-compressed keys, an index block, a footer. */

const FOOTER = 48;
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** An index holds one entry per variable; this many bytes are a damaged file's. */
const MAX_BLOCK = 256 * 1024 * 1024;

class Cursor {
  at = 0;
  readonly bytes: Uint8Array;
  private readonly fail: () => never;
  constructor(bytes: Uint8Array, fail: () => never) {
    this.bytes = bytes;
    this.fail = fail;
  }
  varint(): number {
    let value = 0;
    for (let scale = 1, i = 0; i < 10; i++, scale *= 128) {
      const b = this.bytes[this.at++];
      if (b === undefined) this.fail();
      value += (b & 127) * scale;
      if (b < 128) return value;
    }
    return this.fail();
  }
  take(n: number): Uint8Array {
    if (this.at + n > this.bytes.length) this.fail();
    return this.bytes.slice(this.at, (this.at += n));
  }
}

/** All keys and values of a table, in order. Throws ImportError when it is not one, or is damaged or compressed. */
export function readTable(file: FileReader, name: string): [string, Uint8Array][] {
  const fail = (): never => {
    throw new ImportError('not-a-model', `${name} is not a checkpoint index, or is damaged.`);
  };
  if (file.size < FOOTER) fail();
  const footer = file.bytes(file.size - FOOTER, FOOTER);
  if (!MAGIC.every((b, i) => footer[FOOTER - 8 + i] === b)) fail();
  const cursor = new Cursor(footer, fail);
  cursor.varint();
  cursor.varint();
  const index = block(file, cursor.varint(), cursor.varint(), name, fail);
  return index.flatMap(([, handle]) => {
    const h = new Cursor(handle, fail);
    return block(file, h.varint(), h.varint(), name, fail).map(([k, v]): [string, Uint8Array] => [
      new TextDecoder().decode(k),
      v,
    ]);
  });
}

/** Entries of one block: each key shares a prefix with the one before; the restart points at the end are not needed. */
function block(
  file: FileReader,
  offset: number,
  size: number,
  name: string,
  fail: () => never,
): [Uint8Array, Uint8Array][] {
  if (size > MAX_BLOCK || offset + size + 1 > file.size) fail();
  if (file.byte(offset + size) !== 0)
    throw new ImportError('unsupported-feature', `${name} is compressed, which is not supported.`);
  const bytes = file.bytes(offset, size);
  if (size < 4) fail();
  const restarts = new DataView(bytes.buffer, bytes.byteOffset).getUint32(size - 4, true);
  const end = size - 4 - 4 * restarts;
  if (end < 0) fail();
  const c = new Cursor(bytes.slice(0, end), fail);
  const out: [Uint8Array, Uint8Array][] = [];
  let last = new Uint8Array(0);
  while (c.at < end) {
    const [shared, own, length] = [c.varint(), c.varint(), c.varint()];
    if (shared > last.length) fail();
    const rest = c.take(own);
    const key = new Uint8Array(shared + own);
    key.set(last.subarray(0, shared));
    key.set(rest, shared);
    out.push([key, c.take(length)]);
    last = key;
  }
  return out;
}
