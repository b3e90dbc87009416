// Builds the native addon, build/native/sinter.node, incrementally. With --test also builds and runs the native unit
// tests. SINTER_BUILD_DIR names another build directory.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fail, say } from './lib/log.mjs';
import { hasProgram, ROOT, run } from './lib/run.mjs';
import { whenChanged } from './lib/stamp.mjs';
import { ensureSystemDeps } from './system-deps.mjs';

const dir = path.resolve(ROOT, process.env.SINTER_BUILD_DIR ?? 'build/native');
const inBuild = (name) => path.relative(ROOT, path.join(dir, name));
const testing = process.argv.includes('--test');
const TARGETS = testing ? ['all'] : ['sinter_addon', 'sinter_tuner'];
const SOURCES = [
  'native',
  'CMakeLists.txt',
  'package.json',
  'node_modules/node-addon-api/package.json',
  'node_modules/node-api-headers/package.json',
  'node_modules/protozero/package.json',
  ...(testing ? ['test/native'] : []),
];

function ensureTools() {
  const compiler = process.env.CXX ?? 'g++';
  const missing = [compiler, 'cmake'].filter((tool) => !hasProgram(tool));
  const untested =
    testing && !existsSync('/usr/include/doctest/doctest.h') && !existsSync('/usr/local/include/doctest');
  if (missing.length > 0 || untested) ensureSystemDeps(['native']);
}

async function step(what, args) {
  const { code, output } = await run('cmake', args, { quiet: true });
  if (code === 0) return;
  process.stderr.write(output);
  fail(`${what} failed; the compiler's messages are above`);
}

async function build() {
  ensureTools();
  say('building the native runtime');
  if (!existsSync(path.join(dir, 'CMakeCache.txt'))) {
    const generator = hasProgram('ninja') ? ['-G', 'Ninja'] : [];
    await step('configuring the native runtime', ['-S', ROOT, '-B', dir, ...generator]);
  }
  const jobs = String(availableParallelism());
  await step('building the native runtime', ['--build', dir, '--parallel', jobs, '--target', ...TARGETS]);
}

await whenChanged(
  testing ? 'native-tests' : 'native',
  SOURCES,
  inBuild(testing ? 'sinter_tests' : 'sinter.node'),
  build,
);
if (testing) {
  const { code } = await run(path.join(dir, 'sinter_tests'), []);
  process.exitCode = code;
}
