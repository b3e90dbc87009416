// Playwright on the built studio: its parts, an Electron, and a virtual display where the system has none.
import { buildParts } from '../build.mjs';
import { launchOptions, resolveElectron } from '../electron.mjs';
import { bin, run } from './run.mjs';

/** Runs `playwright test` with these arguments; the studio's start is handed over in the environment. */
export async function runPlaywright(args, extraEnv = {}) {
  await buildParts(['native', 'cli', 'electron', 'icons', 'renderer']);
  const electron = await resolveElectron();
  console.log(`Electron ${electron.version} (${electron.origin})`);
  const { args: electronArgs, env } = launchOptions(electron);
  const playwright = [bin('playwright'), 'test', ...args];
  const virtual = process.platform === 'linux' && !process.env.SINTER_E2E_DISPLAY;
  const [command, ...rest] = virtual
    ? ['xvfb-run', '-a', '--server-args=-screen 0 1600x1000x24', ...playwright]
    : playwright;
  return run(command, rest, {
    env: {
      ...env,
      ...extraEnv,
      SINTER_TEST_EXECUTABLE: electron.executable,
      SINTER_TEST_ARGS: JSON.stringify(electronArgs),
    },
  });
}
