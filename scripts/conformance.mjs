// Bundles and runs the ONNX backend cases:
// `npm run conformance -- --suite DIR [--device cpu|cuda] [--optimize on|off] [--only TEXT] [--json]`.
import path from 'node:path';
import { bundleProgram, runProgram } from './lib/program.mjs';
import { ROOT } from './lib/run.mjs';

export const OUTFILE = path.join(ROOT, 'dist/conformance/main.js');

/** Builds what the runner needs. */
export const prepare = () => bundleProgram('test/conformance/main.ts', OUTFILE);

if (import.meta.url === `file://${process.argv[1]}`) {
  await prepare();
  await runProgram(OUTFILE);
}
