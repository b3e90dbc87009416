import { ImportError } from '../error.ts';
import { type FileReader, truncated } from './fileReader.ts';

/*
 * Walks the wire format by position and copies everything but tensor payloads: the result is a small, ordinary protobuf
 * message in which each skipped payload is replaced by its place in the file (field 1001 of the message it was in).
 */

/** Which fields of a format's messages hold other messages of interest, nothing of interest, or payloads. */
export interface WireFormat<Kind extends string = string> {
  /** As errors call a file of this format: "an ONNX model". */
  readonly what: string;
  readonly root: Kind;
  /** Fields that lead to tensors; all others are copied as they are. */
  readonly nested: Readonly<Record<Kind, Readonly<Record<number, Kind>>>>;
  /** Fields that are never looked at and may be large. */
  readonly dropped: Readonly<Partial<Record<Kind, ReadonlySet<number>>>>;
  /** Fields whose contents stay in the file when they are long. */
  readonly payloads: Readonly<Partial<Record<Kind, ReadonlySet<number>>>>;
  /** Messages after which progress is reported. */
  readonly steps: ReadonlySet<Kind>;
  /** Whether fields numbered from 1000 on are foreign and left out; our own place list is 1001. */
  readonly dropsForeign?: boolean;
}

const NONE: ReadonlySet<number> = new Set();

/** A message shorter than this holds no payload worth leaving in the file (at most 4,096 elements of any type). */
const SMALL = 2048;
/** Longest payload that is also copied: 4,096 elements of the widest type, and some room for varints. */
const INLINE = 48 * 1024;
/** Nesting of subgraphs that no real model reaches; random bytes do. */
const MAX_DEPTH = 200;
/** Structure (names, attributes, small constants) beyond this is not a model. */
const MAX_SKELETON = 1024 ** 3;

const damaged = (at: number, what: string): ImportError =>
  new ImportError('not-a-model', `The file is not ${what}: its structure breaks at byte ${at}.`);

class Output {
  private readonly parts: Uint8Array[] = [];
  length = 0;
  private readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
  push(part: Uint8Array): void {
    this.parts.push(part);
    this.length += part.length;
    if (this.length > MAX_SKELETON)
      throw new ImportError('not-a-model', `The file is not ${this.what}: its structure is larger than 1 GB.`);
  }
  append(other: Output): void {
    for (const p of other.parts) this.push(p);
  }
  varint(value: number): void {
    const bytes: number[] = [];
    let v = value;
    while (v >= 128) {
      bytes.push((v % 128) | 128);
      v = Math.floor(v / 128);
    }
    bytes.push(v);
    this.push(Uint8Array.from(bytes));
  }
  bytes(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const p of this.parts) {
      out.set(p, at);
      at += p.length;
    }
    return out;
  }
}

/** The model without its payloads. `onProgress` gets positions in the file. */
export function readSkeleton<Kind extends string>(
  file: FileReader,
  format: WireFormat<Kind>,
  onProgress?: (at: number) => void,
): Uint8Array {
  return new Scanner(file, format, onProgress).message(format.root, 0, file.size, 0).bytes();
}

class Scanner<Kind extends string> {
  private readonly file: FileReader;
  private readonly format: WireFormat<Kind>;
  private readonly onProgress: ((at: number) => void) | undefined;
  private at = 0;

  constructor(file: FileReader, format: WireFormat<Kind>, onProgress?: (at: number) => void) {
    this.file = file;
    this.format = format;
    this.onProgress = onProgress;
  }

  message(kind: Kind, start: number, end: number, depth: number): Output {
    const { format } = this;
    if (depth > MAX_DEPTH) throw damaged(start, format.what);
    const out = new Output(format.what);
    const kept = format.payloads[kind] ?? NONE;
    const dropped = format.dropped[kind] ?? NONE;
    const payloads: number[] = [];
    this.at = start;
    let copyFrom = start;
    // Neighbouring plain fields are copied in one piece.
    const flush = (to: number): void => {
      for (let p = copyFrom; p < to; ) {
        const n = Math.min(to - p, 1 << 24);
        out.push(this.file.bytes(p, n));
        p += n;
      }
    };
    while (this.at < end) {
      const fieldStart = this.at;
      const tag = this.varint(end);
      const field = Math.floor(tag / 8);
      const wire = tag % 8;
      if (field === 0) throw damaged(fieldStart, format.what);
      if (wire === 0) this.varint(end);
      else if (wire === 1) this.at += 8;
      else if (wire === 5) this.at += 4;
      else if (wire !== 2) throw damaged(fieldStart, format.what);
      else {
        const length = this.varint(end);
        const body = this.at;
        if (body + length > end) throw body + length > this.file.size ? truncated() : damaged(fieldStart, format.what);
        const nested = format.nested[kind][field];
        if (nested && length >= SMALL) {
          flush(fieldStart);
          const inner = this.message(nested, body, body + length, depth + 1);
          out.varint(tag);
          out.varint(inner.length);
          out.append(inner);
          copyFrom = body + length;
        } else if (kept.has(field)) {
          payloads.push(field, body, length);
          if (length > INLINE) {
            flush(fieldStart);
            copyFrom = body + length;
          }
        } else if (dropped.has(field) || (format.dropsForeign && field >= 1000)) {
          flush(fieldStart);
          copyFrom = body + length;
        }
        this.at = body + length;
        if (format.steps.has(kind)) this.onProgress?.(this.at);
      }
      if (this.at > end) throw truncated();
    }
    flush(end);
    if (payloads.length > 0) {
      const packed = new Uint8Array(new Float64Array(payloads).buffer);
      out.varint(1001 * 8 + 2);
      out.varint(packed.length);
      out.push(packed);
    }
    return out;
  }

  /** At most 10 bytes; values above 2^53 lose precision, which no length or tag of a real file reaches. */
  private varint(end: number): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= end) throw end >= this.file.size ? truncated() : damaged(this.at, this.format.what);
      const b = this.file.byte(this.at++);
      value += (b & 127) * scale;
      if (b < 128) return value;
      scale *= 128;
    }
    throw damaged(this.at, this.format.what);
  }
}
