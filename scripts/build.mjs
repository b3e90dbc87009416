// Builds dist/: the desktop app's processes and the command line with esbuild, the window with Vite. Parts whose sources
// did not change are skipped. `node scripts/build.mjs [cli] [electron] [renderer] [native]`; all by default.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { iconPng } from './lib/icon.mjs';
import { fail, say } from './lib/log.mjs';
import { esbuildOperators } from './lib/operators.mjs';
import { ROOT, run } from './lib/run.mjs';
import { whenChanged } from './lib/stamp.mjs';

const NODE_SOURCES = [
  'optimizer',
  'native/napi',
  'assets/proto',
  'package-lock.json',
  'scripts/build.mjs',
  'scripts/lib/operators.mjs',
];

const nodeOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  legalComments: 'none',
  logLevel: 'warning',
  loader: { '.proto': 'text' },
  plugins: [esbuildOperators],
  // sharp brings a native library of its own: it stays in node_modules.
  external: ['electron', 'sharp'],
};
// CommonJS dependencies inside an ES module bundle still call require for Node's own modules.
const esm = {
  format: 'esm',
  banner: {
    js: "import { createRequire as sinterRequire } from 'node:module'; const require = sinterRequire(import.meta.url);",
  },
};

async function buildCli() {
  const { build } = await import('esbuild');
  // Split at dynamic imports: `sinter --help` loads the command table alone.
  const { metafile } = await build({
    ...nodeOptions,
    ...esm,
    splitting: true,
    entryPoints: { main: 'cli/main.ts' },
    outdir: 'dist/cli',
    metafile: true,
  });
  removeStale('dist/cli', metafile.outputs);
}

/** Parts of earlier builds, whose names hold a hash; not the youngest: a command that runs now may still load them. */
function removeStale(folder, outputs) {
  const hour = 3600_000;
  for (const name of readdirSync(path.join(ROOT, folder))) {
    const file = path.join(ROOT, folder, name);
    if (!(`${folder}/${name}` in outputs) && Date.now() - statSync(file).mtimeMs > hour) rmSync(file, { force: true });
  }
}

async function buildElectron() {
  const { build } = await import('esbuild');
  const entryPoints = {
    main: 'electron/main/main.ts',
    host: 'electron/host/host.ts',
    worker: 'electron/host/worker.ts',
  };
  await build({ ...nodeOptions, ...esm, entryPoints, outdir: 'dist/electron' });
  await build({
    ...nodeOptions,
    format: 'cjs',
    entryPoints: ['electron/preload/preload.ts'],
    outfile: 'dist/electron/preload.cjs',
  });
}

function buildIcons() {
  mkdirSync(path.join(ROOT, 'dist/icons'), { recursive: true });
  for (const size of [64, 256, 512]) writeFileSync(path.join(ROOT, `dist/icons/sinter-${size}.png`), iconPng(size));
}

async function buildRenderer() {
  const { build } = await import('vite');
  await build({ configFile: path.join(ROOT, 'vite.config.ts'), logLevel: 'warn' });
}

const PARTS = {
  native: async () => {
    const script = path.join(ROOT, 'scripts/native.mjs');
    if (!existsSync(script)) return;
    const { code } = await run(process.execPath, [script]);
    if (code !== 0) fail('the native runtime did not build; the compiler says why above.');
  },
  cli: () =>
    existsSync(path.join(ROOT, 'cli/main.ts')) &&
    whenChanged('cli', [...NODE_SOURCES, 'cli'], 'dist/cli/main.js', buildCli),
  electron: () => whenChanged('electron', [...NODE_SOURCES, 'electron'], 'dist/electron/preload.cjs', buildElectron),
  icons: () => whenChanged('icons', ['scripts/lib/icon.mjs'], 'dist/icons/sinter-512.png', buildIcons),
  renderer: () =>
    whenChanged(
      'renderer',
      ['renderer', 'electron/ipc', 'package-lock.json', 'vite.config.ts'],
      'dist/renderer/index.html',
      buildRenderer,
    ),
};

/** Brings the named parts of dist/ up to date. */
export async function buildParts(parts = Object.keys(PARTS)) {
  for (const part of parts) {
    const make = PARTS[part];
    if (!make) fail(`there is no part "${part}" to build; parts are ${Object.keys(PARTS).join(', ')}.`);
    if ((await make()) === true) say(`built ${part}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const parts = process.argv.slice(2);
  await buildParts(parts.length > 0 ? parts : undefined);
}
