// Programs of the tests that run outside the test runner: one bundle over the native runtime.
import { build } from 'esbuild';
import { buildParts } from '../build.mjs';
import { esbuildOperators } from './operators.mjs';
import { ROOT, run } from './run.mjs';

/** Builds the native runtime and bundles `entry` into `outfile`; gives back the latter. */
export async function bundleProgram(entry, outfile) {
  await buildParts(['native']);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
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
  return outfile;
}

/** Runs it with this process's arguments; its exit code is this process's. */
export async function runProgram(outfile) {
  const { code } = await run(process.execPath, [outfile, ...process.argv.slice(2)], {
    env: { ...process.env, SINTER_ROOT: ROOT },
  });
  process.exitCode = code;
}
