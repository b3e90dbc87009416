import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Brings the addon and the command line up to date once, before test files that use them run side by side. */
export default function setup(): void {
  const root = join(import.meta.dirname, '..');
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), 'native', 'cli'], { cwd: root, stdio: 'inherit' });
}
