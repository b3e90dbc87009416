// Bundles and runs the fuzzer: `npm run fuzz -- --suite DIR [--seed N] [--count N | --seconds N] [--keep DIR]`.
import path from 'node:path';
import { bundleProgram, runProgram } from './lib/program.mjs';
import { ROOT } from './lib/run.mjs';

export const OUTFILE = path.join(ROOT, 'dist/fuzz/main.js');

/** Builds what the fuzzer needs and returns the program's path. */
export const prepare = () => bundleProgram('test/fuzz/main.ts', OUTFILE);

if (import.meta.url === `file://${process.argv[1]}`) {
  await prepare();
  await runProgram(OUTFILE);
}
