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
  const tests = path.join(dir, 'sinter_tests');
  let { code } = await run(tests, []);
  // CUDA kernels on an emulated GPU: each case is compiled by itself, so every 60th is taken.
  say('operator cases of the CUDA kernels on an emulated GPU');
  const emulated = { SINTER_CUDA_PATH: path.join(dir, 'emulator'), SINTER_KERNEL_CACHE: 'none' };
  const cases = await run(tests, ['-tc=cases: *'], {
    env: { ...process.env, ...emulated, SINTER_KERNEL: '__cuda', SINTER_CASE_STEP: '60' },
  });
  code ||= cases.code;
  const faults = await run(tests, ['-tc=GPU faults: *'], { env: { ...process.env, ...emulated } });
  code ||= faults.code;
  if (process.env.SINTER_CUDA_COMPILE !== 'none') code ||= await compileKernels(tests);
  process.exitCode = code;
}

/** Every CUDA kernel template through NVRTC, where one is at hand; says loudly when not. */
async function compileKernels(tests) {
  const found = await run(tests, ['-tc=cases: Transpose and Copy'], {
    quiet: true,
    env: { ...process.env, SINTER_CUDA_COMPILE: 'sm_90', SINTER_CASE_STEP: '40' },
  });
  if (found.output.includes('NVRTC (libnvrtc.so) was not found')) {
    console.error(
      'WARNING: no NVRTC on this machine: the CUDA kernels were NOT compiled. `pip install nvidia-cuda-nvrtc` (or SINTER_CUDA_PATH=its lib folder) lets this test compile them for sm_80, sm_90a and sm_100.',
    );
    return 0;
  }
  say('CUDA kernel templates through NVRTC for sm_80, sm_90 and sm_100');
  const { code } = await run(tests, ['-tc=cases: *'], {
    env: {
      ...process.env,
      SINTER_CUDA_COMPILE: 'sm_80,sm_90,sm_100',
      SINTER_COMPILE_EACH: '1',
      SINTER_CASE_STEP: '5',
    },
  });
  return code;
}
