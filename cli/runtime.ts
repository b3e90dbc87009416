import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNativeRuntime } from '../native/napi/runtime.ts';
import type { NativeRuntime } from '../optimizer/runtime.ts';

/** The addon of this checkout or installation. */
export function addonPath(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    const at = join(dir, 'build/native/sinter.node');
    if (existsSync(at)) return at;
    if (dirname(dir) === dir) throw new Error('the native runtime is not built; run "npm run build:native"');
  }
}

let runtime: NativeRuntime | null = null;

/** The one native runtime of this process. */
export function nativeRuntime(): NativeRuntime {
  runtime ??= createNativeRuntime(addonPath());
  return runtime;
}
