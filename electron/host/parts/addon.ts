import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNativeRuntime } from '../../../native/napi/runtime.ts';
import type { NativeRuntime } from '../../../optimizer/runtime.ts';

/** The addon beside this module: in a checkout's build folder, or unpacked in the packaged app's resources. */
export function addonPath(): string | null {
  if (process.env.SINTER_ADDON) return process.env.SINTER_ADDON;
  for (let dir = path.dirname(fileURLToPath(import.meta.url)); ; dir = path.dirname(dir)) {
    for (const place of ['build/native/sinter.node', 'native/sinter.node']) {
      if (existsSync(path.join(dir, place))) return path.join(dir, place);
    }
    if (path.dirname(dir) === dir) return null;
  }
}

/** The native runtime, or one sentence on why there is none: models still open, passes run, builds do not. */
export function loadRuntime(): { runtime: NativeRuntime | null; problem: string | null } {
  const at = addonPath();
  if (at === null) {
    return {
      runtime: null,
      problem: 'The native runtime is not built: run "npm run build:native", then restart the engine host.',
    };
  }
  try {
    return { runtime: createNativeRuntime(at), problem: null };
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e);
    return {
      runtime: null,
      problem: `The native runtime could not be loaded (${why}): engines can be neither built nor run.`,
    };
  }
}
