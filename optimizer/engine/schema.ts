import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { EngineFileError, headerProblem } from './check.ts';
import type { EngineMessage, LayerDescMessage, WeightExprMessage } from './messages.ts';

/** A file under assets/, found from wherever this module runs: the source tree, a bundle in dist/, a packaged app. */
export function assetPath(relative: string): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const at = join(dir, 'assets', relative);
    if (existsSync(at)) return at;
    if (dirname(dir) === dir) throw new Error(`assets/${relative} is missing from this installation`);
  }
}

let root: protobuf.Root | null = null;

function type(name: string): protobuf.Type {
  root ??= protobuf.parse(readFileSync(assetPath('proto/engine.proto'), 'utf8')).root;
  return root.lookupType(`sinter.${name}`);
}

function encode(name: string, message: object): Uint8Array {
  const t = type(name);
  return t.encode(t.create(message as Record<string, unknown>)).finish();
}

export const encodeEngine = (m: EngineMessage): Uint8Array => encode('Engine', m);
export const encodeLayerDesc = (m: LayerDescMessage): Uint8Array => encode('LayerDesc', m);
export const encodeWeightExpr = (m: WeightExprMessage): Uint8Array => encode('WeightExpr', m);

function decode(name: string, bytes: Uint8Array): unknown {
  const t = type(name);
  return t.toObject(t.decode(bytes), { longs: Number, enums: Number, defaults: true, arrays: true, oneofs: false });
}

/**
 * Every field is present with proto3's default, and every index refers to something. Throws EngineFileError when the bytes
 * are not an Engine message of that kind.
 */
export function decodeEngine(bytes: Uint8Array): EngineMessage {
  let header: EngineMessage;
  try {
    header = decode('Engine', bytes) as EngineMessage;
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e);
    throw new EngineFileError(`the engine's header cannot be read: ${why}`);
  }
  const problem = headerProblem(header);
  if (problem) throw new EngineFileError(`the engine's header is inconsistent: ${problem}`);
  return header;
}
export const decodeLayerDesc = (bytes: Uint8Array): LayerDescMessage => decode('LayerDesc', bytes) as LayerDescMessage;
