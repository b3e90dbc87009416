// What the machine must have besides Node: a compiler for native/, and the libraries of Electron with a virtual
// display for tests. As root on Debian the missing packages are installed; elsewhere they are named in one sentence.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fail, say } from './lib/log.mjs';
import { hasProgram } from './lib/run.mjs';

const LIB_DIRS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/lib/x86_64-linux-gnu',
];
const program = (name) => () => hasProgram(name);
const file = (path) => () => existsSync(path);
const library = (so) => () => LIB_DIRS.some((d) => existsSync(`${d}/${so}`));

/** Debian package → how to see that it is there, by what it is needed for. */
const NEEDS = {
  native: [
    ['g++', program('g++')],
    ['cmake', program('cmake')],
    ['ninja-build', program('ninja')],
    ['ccache', program('ccache')],
    ['doctest-dev', file('/usr/include/doctest/doctest.h')],
  ],
  window: [
    ['libgtk-3-0', library('libgtk-3.so.0')],
    ['libnss3', library('libnss3.so')],
    ['libasound2', library('libasound.so.2')],
    ['libgbm1', library('libgbm.so.1')],
    ['libdrm2', library('libdrm.so.2')],
    ['libatk-bridge2.0-0', library('libatk-bridge-2.0.so.0')],
    ['libxss1', library('libXss.so.1')],
    ['libxtst6', library('libXtst.so.6')],
    ['fonts-liberation', file('/usr/share/fonts/truetype/liberation')],
  ],
  cases: [['libonnx-testdata', file('/usr/share/libonnx-testdata/data')]],
  display: [
    ['xvfb', program('Xvfb')],
    ['xauth', program('xauth')],
  ],
};

/** Whether this process may install packages by itself. */
export const mayInstall = () => isDebian() && process.getuid?.() === 0;

const isDebian = () => {
  try {
    return /^(ID|ID_LIKE)=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
};

/** Debian packages for `kinds` (native, window, display) that are not there. */
export const missingPackages = (kinds) =>
  process.platform === 'linux'
    ? kinds.flatMap((k) => NEEDS[k].filter(([, there]) => !there()).map(([name]) => name))
    : [];

/** Installs what is missing, or ends the process with the command that does. Instant when nothing is missing. */
export function ensureSystemDeps(kinds = ['native', 'window', 'display']) {
  const missing = missingPackages(kinds);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!isDebian() || process.getuid?.() !== 0) {
    fail(`this machine lacks ${missing.join(', ')}; on Debian or Ubuntu install them with: sudo ${command}`);
  }
  say(`installing ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (apt(install) !== 0) {
    apt(['update']);
    if (apt(install) !== 0) fail(`could not install ${missing.join(', ')}; try: ${command}`);
  }
  const still = missingPackages(kinds);
  if (still.length > 0) fail(`${still.join(', ')} still missing after installation; look at the output of: ${command}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureSystemDeps();
