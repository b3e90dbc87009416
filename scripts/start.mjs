// `npm start [MODEL]`: installs what the machine lacks, builds what changed and opens the studio.
import { spawn } from 'node:child_process';
import { buildParts } from './build.mjs';
import { launchOptions, resolveElectron } from './electron.mjs';
import { fail, say } from './lib/log.mjs';
import { hasProgram } from './lib/run.mjs';
import { ensureSystemDeps } from './system-deps.mjs';

const headless = process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
ensureSystemDeps(['native', 'window']);
await buildParts();
const electron = await resolveElectron();
if (headless && !hasProgram('xvfb-run')) {
  fail('there is no display to open a window on; set DISPLAY, or install xvfb to run without one.');
}
const { args, env } = launchOptions(electron);
const command = [electron.executable, ...args, ...process.argv.slice(2)];
if (headless) {
  say('no display: opening the window on a virtual one (xvfb)');
  command.unshift('xvfb-run', '-a');
}
const child = spawn(command[0], command.slice(1), { stdio: 'inherit', env: { ...process.env, ...env } });
child.on('exit', (code) => process.exit(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
