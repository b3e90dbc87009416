// Bundles and runs the fuzzer: `npm run fuzz -- --suite DIR [--seed N] [--count N | --seconds N] [--keep DIR]`.
import path from 'node:path';
import { build } from 'esbuild';
import { buildParts } from './build.mjs';
import { esbuildOperators } from './lib/operators.mjs';
import { ROOT, run } from './lib/run.mjs';

export const OUTFILE = path.join(ROOT, 'dist/fuzz/main.js');

/** Builds what the fuzzer needs and returns the program's path. */
export async function prepare() {
  await buildParts(['native']);
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['test/fuzz/main.ts'],
    outfile: OUTFILE,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['sharp', 'electron'],
    banner: {
      js: "import { createRequire as sinterRequire } from 'node:module'; const require = sinterRequire(import.meta.url);",
    },
    plugins: [esbuildOperators],
    logLevel: 'warning',
  });
  return OUTFILE;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  await prepare();
  const { code } = await run(process.execPath, [OUTFILE, ...process.argv.slice(2)], {
    env: { ...process.env, SINTER_ROOT: ROOT },
  });
  process.exitCode = code;
}
