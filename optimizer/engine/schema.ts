import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
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

/** Throws when the bytes are not an Engine message; every field is present with proto3's default. */
export const decodeEngine = (bytes: Uint8Array): EngineMessage => decode('Engine', bytes) as EngineMessage;
export const decodeLayerDesc = (bytes: Uint8Array): LayerDescMessage => decode('LayerDesc', bytes) as LayerDescMessage;
