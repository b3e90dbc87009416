import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { esbuildOperators } from '../../../scripts/lib/operators.mjs';
import { ROOT } from './studio.ts';

/**
 * A module of test/support that needs the optimizer's operators: these are put together by a bundler only, and Playwright's
 * own loader is none.
 */
export async function bundled<T>(file: string): Promise<T> {
  // Within the repository: the bundle looks for assets/ from where it lies.
  const outfile = path.join(ROOT, 'build/e2e', file.replace(/\.ts$/, '.mjs'));
  await build({
    absWorkingDir: ROOT,
    entryPoints: [path.join('test/support', file)],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    outfile,
    logLevel: 'warning',
    loader: { '.proto': 'text' },
    plugins: [esbuildOperators],
    banner: {
      js: "import { createRequire as sinterRequire } from 'node:module'; const require = sinterRequire(import.meta.url);",
    },
  });
  return (await import(pathToFileURL(outfile).href)) as T;
}
