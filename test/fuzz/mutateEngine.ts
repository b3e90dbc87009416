import { crc32 } from 'node:zlib';
import { MAGIC, PREAMBLE } from '../../optimizer/engine/file.ts';
import type { EngineMessage } from '../../optimizer/engine/messages.ts';
import { encodeEngine } from '../../optimizer/engine/schema.ts';

/*
 * Damaged copies of engine files: single bytes as they lie, bytes of the header under a checksum that fits again, or one to
 * three changes of what the header says, as a hostile writer would make them.
 */

type Draw = () => number;
type Fields = Record<string, unknown>;

const NUMBERS = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  8,
  16,
  31,
  63,
  64,
  255,
  256,
  1000,
  65535,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const SIGNED = [-1, -2, -3, -8, -1000, -(2 ** 31), 2 ** 40, -(2 ** 40), 2 ** 53 - 1, -(2 ** 53 - 1), ...NUMBERS];
const FLOATS = [0, -0, 1, -1, 0.5, 1e-30, 1e30, Number.POSITIVE_INFINITY, Number.NaN, 2.5, 1e9, -1e300];
/** Fields that hold signed numbers; the others are unsigned on the wire. */
const SIGNED_FIELDS = new Set(['i', 'v', 'value', 'zeroPoint', 'min', 'opt', 'max', 'start']);
const DTYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 21, 22, 26, 99];
const DISPLAY = new Set([
  'name',
  'id',
  'fate',
  'optionsJson',
  'producer',
  'modelName',
  'modelHash',
  'hash',
  'expr',
  'sources',
]);

const pick = <T>(draw: Draw, list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
const isFields = (x: unknown): x is Fields => typeof x === 'object' && x !== null && !(x instanceof Uint8Array);

function numberFor(draw: Draw, name: string, old: number): number {
  if (name === 'dtype') return pick(draw, DTYPES);
  if (name === 'kind' && draw() < 0.9) return Math.floor(draw() * 8);
  if (name === 'f' || name === 'scale' || name === 'params') return pick(draw, FLOATS);
  const near = draw();
  const signed = SIGNED_FIELDS.has(name) || name === 'inputs';
  if (near < 0.3) return Math.max(signed ? -8 : 0, old + Math.floor(draw() * 5) - 2);
  if (near < 0.6) return Math.floor(draw() * 9) - (signed ? 2 : 0);
  return pick(draw, signed ? SIGNED : NUMBERS);
}

/** Every text of an engine, by the field that holds it: what another place may be given instead. */
function textsOf(message: unknown, into: Map<string, Set<string>>): Map<string, Set<string>> {
  if (!isFields(message)) return into;
  for (const [key, x] of Object.entries(message)) {
    if (typeof x === 'string') into.set(key, (into.get(key) ?? new Set()).add(x));
    else textsOf(x, into);
  }
  return into;
}

function changeList(draw: Draw, list: unknown[], name: string): void {
  const what = draw();
  const at = Math.floor(draw() * list.length);
  if (list.length === 0 || what < 0.15) {
    if (list.length === 0 || typeof list[0] === 'number') list.splice(at, 0, numberFor(draw, name, 0));
    else list.splice(at, 0, structuredClone(pick(draw, list)));
  } else if (what < 0.3) list.splice(at, 1);
  else if (what < 0.4) {
    const other = Math.floor(draw() * list.length);
    [list[at], list[other]] = [list[other], list[at]];
  } else if (typeof list[at] === 'number') list[at] = numberFor(draw, name, list[at]);
  else if (isFields(list[at])) list[at] = structuredClone(pick(draw, list));
}

/** Walks down to some field and changes it; false where the walk ended without one. */
function changeSome(draw: Draw, message: Fields, texts: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const keys = Object.keys(message).filter((k) => !DISPLAY.has(k) || draw() < 0.02);
  if (keys.length === 0) return false;
  const key = pick(draw, keys);
  const x = message[key];
  if (Array.isArray(x)) {
    const inside = x.filter(isFields);
    if (inside.length > 0 && draw() < 0.85) return changeSome(draw, pick(draw, inside), texts);
    // Lists of messages do not take numbers.
    if (x.length === 0 && !['inputs', 'outputs', 'perm', 'scale', 'args', 'params', 'v', 'waits'].includes(key))
      return false;
    changeList(draw, x, key);
    return true;
  }
  if (isFields(x)) {
    if (draw() < 0.05) delete message[key];
    else return changeSome(draw, x, texts);
  } else if (typeof x === 'number') message[key] = numberFor(draw, key, x);
  else if (typeof x === 'boolean') message[key] = !x;
  else if (typeof x === 'string') message[key] = draw() < 0.9 ? pick(draw, [...(texts.get(key) ?? [x])]) : `${x}x`;
  else return false;
  return true;
}

/** The parts of an engine that a runtime acts on, those with the most to go wrong most often. */
function placeIn(draw: Draw, e: EngineMessage): Fields {
  const what = draw();
  const plans = e.profiles.flatMap((p) => (p.plan ? [p.plan] : []));
  const plan = plans.length > 0 && draw() < 0.4 ? pick(draw, plans) : e;
  const regions = plan.layers.flatMap((l) => l.regions ?? []);
  const scope = regions.length > 0 && draw() < 0.6 ? pick(draw, regions) : plan;
  const attributes = scope.layers.flatMap((l) => l.attrs);
  if (what < 0.35 && attributes.length > 0) return pick(draw, attributes) as unknown as Fields;
  if (what < 0.65 && scope.layers.length > 0) return pick(draw, scope.layers) as unknown as Fields;
  if (what < 0.9 && scope.values.length > 0) return pick(draw, scope.values) as unknown as Fields;
  return e as unknown as Fields;
}

/** An attribute of another name or kind: kernels look for theirs and find something else. */
function swapAttribute(draw: Draw, e: EngineMessage): boolean {
  const owners = e.layers.filter((l) => l.attrs.length > 0);
  if (owners.length === 0) return false;
  const { attrs } = pick(draw, owners);
  const at = Math.floor(draw() * attrs.length);
  const what = draw();
  if (what < 0.4) attrs.splice(at, 1);
  else if (what < 0.7) attrs[at] = { ...attrs[at]!, name: pick(draw, pick(draw, owners).attrs).name };
  else attrs[at] = { ...structuredClone(pick(draw, pick(draw, owners).attrs)), name: attrs[at]!.name };
  return true;
}

/** A whole file of a header and the blob behind it, lengths and checksums as they must be. */
function fileOf(header: Uint8Array, blob: Uint8Array): Buffer {
  const blobOffset = Math.ceil((PREAMBLE + header.length) / 64) * 64;
  const file = Buffer.alloc(blobOffset + blob.length);
  MAGIC.copy(file);
  file.writeUInt32LE(1, 8);
  file.writeBigUInt64LE(BigInt(header.length), 16);
  file.writeBigUInt64LE(BigInt(blobOffset), 24);
  file.writeBigUInt64LE(BigInt(blob.length), 32);
  file.writeUInt32LE(crc32(header), 40);
  file.writeUInt32LE(crc32(blob), 44);
  file.set(header, PREAMBLE);
  file.set(blob, blobOffset);
  return file;
}

function someBytes(draw: Draw, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let i = 0; i < 1 + draw() * 3 && copy.length > 0; i++)
    copy[Math.floor(draw() * copy.length)] = Math.floor(draw() * 256);
  return copy;
}

/** What is changed, taken apart once. */
export interface EngineParts {
  readonly file: Uint8Array;
  readonly headerBytes: Uint8Array;
  readonly header: EngineMessage;
  readonly blob: Uint8Array;
}

/** A damaged copy of an engine file. */
export function damagedEngine(e: EngineParts, draw: Draw): Uint8Array {
  const what = draw();
  if (what < 0.03) return e.file.subarray(0, Math.floor(draw() * e.file.length));
  if (what < 0.06) return someBytes(draw, e.file);
  if (what < 0.15) return fileOf(someBytes(draw, e.headerBytes), e.blob);
  const header = structuredClone(e.header);
  const texts = textsOf(header, new Map());
  for (let left = 1 + Math.floor(draw() * 3), tries = 0; left > 0 && tries < 100; tries++) {
    const done = draw() < 0.1 ? swapAttribute(draw, header) : changeSome(draw, placeIn(draw, header), texts);
    if (done) left--;
  }
  return fileOf(encodeEngine(header), draw() < 0.9 ? e.blob : someBytes(draw, e.blob));
}
