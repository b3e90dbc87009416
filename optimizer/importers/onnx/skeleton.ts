import { ImportError } from '../error.ts';
import { type FileReader, truncated } from './window.ts';

/*
 * Walks the wire format by position and copies everything but tensor payloads: the result is a small, ordinary protobuf
 * message in which each skipped payload is replaced by its place in the file (TensorProto.payload of onnx.proto).
 */

type Kind = 'Model' | 'Graph' | 'Node' | 'Attribute' | 'Tensor' | 'Sparse' | 'Function';

/** Fields that lead to tensors; all others are copied as they are. */
const NESTED: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  Model: { 7: 'Graph', 25: 'Function' },
  Graph: { 1: 'Node', 5: 'Tensor', 15: 'Sparse' },
  Node: { 5: 'Attribute' },
  Attribute: { 5: 'Tensor', 6: 'Graph', 10: 'Tensor', 11: 'Graph', 22: 'Sparse' },
  Tensor: {},
  Sparse: { 1: 'Tensor', 2: 'Tensor' },
  Function: { 7: 'Node', 11: 'Attribute' },
};
/** Documentation strings, training information and metadata that is never looked at; it may be large. */
const DROPPED: Readonly<Record<Kind, ReadonlySet<number>>> = {
  Model: new Set([6, 20, 26]),
  Graph: new Set([10, 14, 16]),
  Node: new Set([6, 9, 10]),
  Attribute: new Set([13]),
  Tensor: new Set([12, 16]),
  Sparse: new Set(),
  Function: new Set([8, 12, 14]),
};
const PAYLOADS: ReadonlySet<number> = new Set([4, 5, 6, 7, 9, 10, 11]);

/** A message shorter than this holds no payload worth leaving in the file (at most 4,096 elements of any type). */
const SMALL = 2048;
/** Longest payload that is also copied: 4,096 elements of the widest type, and some room for varints. */
const INLINE = 48 * 1024;
/** Nesting of subgraphs that no real model reaches; random bytes do. */
const MAX_DEPTH = 200;
/** Structure (names, attributes, small constants) beyond this is not a model. */
const MAX_SKELETON = 1024 ** 3;

const damaged = (at: number): ImportError =>
  new ImportError('not-a-model', `The file is not an ONNX model: its structure breaks at byte ${at}.`);

class Output {
  private readonly parts: Uint8Array[] = [];
  length = 0;
  push(part: Uint8Array): void {
    this.parts.push(part);
    this.length += part.length;
    if (this.length > MAX_SKELETON)
      throw new ImportError('not-a-model', 'The file is not an ONNX model: its structure is larger than 1 GB.');
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
export function readSkeleton(file: FileReader, onProgress?: (at: number) => void): Uint8Array {
  return new Scanner(file, onProgress).message('Model', 0, file.size, 0).bytes();
}

class Scanner {
  private readonly file: FileReader;
  private readonly onProgress: ((at: number) => void) | undefined;
  private at = 0;

  constructor(file: FileReader, onProgress?: (at: number) => void) {
    this.file = file;
    this.onProgress = onProgress;
  }

  message(kind: Kind, start: number, end: number, depth: number): Output {
    if (depth > MAX_DEPTH) throw damaged(start);
    const out = new Output();
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
      if (field === 0) throw damaged(fieldStart);
      if (wire === 0) this.varint(end);
      else if (wire === 1) this.at += 8;
      else if (wire === 5) this.at += 4;
      else if (wire !== 2) throw damaged(fieldStart);
      else {
        const length = this.varint(end);
        const body = this.at;
        if (body + length > end) throw body + length > this.file.size ? truncated() : damaged(fieldStart);
        const nested = NESTED[kind][field];
        if (nested && length >= SMALL) {
          flush(fieldStart);
          const inner = this.message(nested, body, body + length, depth + 1);
          out.varint(tag);
          out.varint(inner.length);
          out.append(inner);
          copyFrom = body + length;
        } else if (kind === 'Tensor' && PAYLOADS.has(field) && field !== 6) {
          payloads.push(field, body, length);
          if (length > INLINE) {
            flush(fieldStart);
            copyFrom = body + length;
          }
        } else if (DROPPED[kind].has(field) || field >= 1000) {
          flush(fieldStart);
          copyFrom = body + length;
        }
        this.at = body + length;
        if (kind === 'Graph' || kind === 'Model') this.onProgress?.(this.at);
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
      if (this.at >= end) throw end >= this.file.size ? truncated() : damaged(this.at);
      const b = this.file.byte(this.at++);
      value += (b & 127) * scale;
      if (b < 128) return value;
      scale *= 128;
    }
    throw damaged(this.at);
  }
}
