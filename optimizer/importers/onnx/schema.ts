import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

let root: protobuf.Root | null = null;

/** A message type of assets/proto/onnx.proto, found from wherever this module runs: source tree, bundle or package. */
export function onnxType(name: string): protobuf.Type {
  root ??= protobuf.parse(readFileSync(schemaPath(), 'utf8')).root;
  return root.lookupType(`onnx.${name}`);
}

function schemaPath(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const at = join(dir, 'assets', 'proto', 'onnx.proto');
    if (existsSync(at)) return at;
    if (dirname(dir) === dir) throw new Error('assets/proto/onnx.proto is missing from this installation');
  }
}
