import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileReader } from './common/fileReader.ts';

/** What a path holds, by its content; null when it is none of these. */
export type Sniffed =
  | 'onnx'
  | 'caffe-network'
  | 'caffe-weights'
  | 'tensorflow-graph'
  | 'tensorflow-saved-model'
  | 'tensorflow-js'
  | 'engine';

/** First bytes of an engine file (docs/engine-format.md). */
const ENGINE = Buffer.from('SINTER\0\x01', 'latin1');

/** Tells the formats apart by the numbers and kinds of their top-level fields, or by how a text begins. */
export function sniff(path: string): Sniffed | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return null;
  if (stat.isDirectory()) {
    if (existsSync(join(path, 'saved_model.pb'))) return 'tensorflow-saved-model';
    return existsSync(join(path, 'model.json')) ? 'tensorflow-js' : null;
  }
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const file = new FileReader(fd);
    const head = file.bytes(0, Math.min(65_536, file.size));
    if (ENGINE.equals(head.subarray(0, ENGINE.length))) return 'engine';
    return isText(head) ? sniffText(new TextDecoder().decode(head)) : sniffFields(file);
  } finally {
    closeSync(fd);
  }
}

const isText = (head: Uint8Array): boolean =>
  head.length > 0 && head.every((b) => b === 9 || b === 10 || b === 13 || (b >= 32 && b !== 127));

function sniffText(text: string): Sniffed | null {
  const body = text.replace(/^\uFEFF/, '').replace(/#[^\n]*/g, '');
  if (/^\s*\{/.test(body)) return /"modelTopology"|"weightsManifest"/.test(body) ? 'tensorflow-js' : null;
  if (/^\s*(name\s*:|layers?\s*[{:<]|input(_dim|_shape)?\s*[:{]|state\s*[{:]|force_backward\s*:)/.test(body))
    return 'caffe-network';
  return null;
}

/** Top-level fields beyond this many are enough to know. */
const MAX_FIELDS = 100_000;

function sniffFields(file: FileReader): Sniffed | null {
  const seen = new Map<string, number>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1, i = 0; i < 10 && at < file.size; i++, scale *= 128) {
      const b = file.byte(at++);
      value += (b & 127) * scale;
      if (b < 128) return value;
    }
    throw new RangeError();
  };
  try {
    for (let n = 0; at < file.size && n < MAX_FIELDS; n++) {
      const tag = varint();
      const wire = tag % 8;
      const key = `${Math.floor(tag / 8)}:${wire}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      if (wire === 0) varint();
      else if (wire === 1) at += 8;
      else if (wire === 5) at += 4;
      else if (wire === 2) {
        const length = varint();
        at += length;
      } else return null;
    }
  } catch {
    // A truncated or foreign file: what was seen so far decides, and the importer says what is wrong.
  }
  const has = (key: string): boolean => seen.has(key);
  if (has('1:0') && has('7:2')) return 'onnx';
  if (has('100:2')) return 'caffe-weights';
  if (has('1:0') && has('2:2') && [...seen.keys()].every((k) => k === '1:0' || k === '2:2'))
    return 'tensorflow-saved-model';
  // Caffe's old files: a name and then layers; TensorFlow's: nodes and then at most one library of functions.
  if (seen.get('1:2') === 1 && (seen.get('2:2') ?? 0) > 1) return 'caffe-weights';
  if (has('1:2') && [...seen.keys()].every((k) => ['1:2', '2:2', '3:0', '4:2', '5:2'].includes(k)))
    return 'tensorflow-graph';
  return null;
}
