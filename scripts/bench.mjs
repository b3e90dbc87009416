// Bundles and runs the CPU benchmark: `npm run bench [-- --only NAME --threads 1,2 --seconds 3 --json FILE]`.
import path from 'node:path';
import { build } from 'esbuild';
import { buildParts } from './build.mjs';
import { esbuildOperators } from './lib/operators.mjs';
import { ROOT, run } from './lib/run.mjs';

await buildParts(['native']);
const outfile = path.join(ROOT, 'dist/bench/main.js');
await build({
  absWorkingDir: ROOT,
  entryPoints: ['test/bench/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  external: ['onnxruntime-node'],
  banner: {
    js: "import { createRequire as sinterRequire } from 'node:module'; const require = sinterRequire(import.meta.url);",
  },
  plugins: [esbuildOperators],
  logLevel: 'warning',
});
const { code } = await run(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: ROOT });
process.exitCode = code;
