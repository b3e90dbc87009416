import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const roots = new Map<string, protobuf.Root>();

/**
 * The messages of assets/proto/<file>, found from wherever this module runs: source tree, bundle or package.
 * `keepCase` leaves field names as the file spells them.
 */
export function protoRoot(file: string, keepCase = false): protobuf.Root {
  let root = roots.get(file);
  if (!root) {
    root = protobuf.parse(readFileSync(schemaPath(file), 'utf8'), { keepCase }).root;
    root.resolveAll();
    roots.set(file, root);
  }
  return root;
}

function schemaPath(file: string): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const at = join(dir, 'assets', 'proto', file);
    if (existsSync(at)) return at;
    if (dirname(dir) === dir) throw new Error(`assets/proto/${file} is missing from this installation`);
  }
}
